//! Translates the few words that head columns of port tables, so that a table reads the same in whatever language it is.
//!
//! Words that mean two of them, such as Spanish `objetivo`, are left to the cells.

/// The heading with the words that are known in English, in lower case.
pub(super) fn english(text: &str) -> String {
    if text.is_ascii() && !text.contains(char::is_alphabetic) {
        return text.to_owned();
    }
    let lower = text.to_lowercase();
    let mut translated: Vec<String> = Vec::new();
    for word in lower.split(' ').filter(|word| !word.is_empty()) {
        if word.contains(is_without_spaces) {
            translated.extend(segments(word));
        } else {
            translated.push(of_word(word).map_or_else(|| word.to_owned(), str::to_owned));
        }
    }
    translated.join(" ")
}

/// Whether a heading may mean a destination as well as a purpose.
pub(super) fn may_be_destination(heading: &str) -> bool {
    matches!(
        heading.trim().to_lowercase().as_str(),
        "目的" | "목적" | "objetivo" | "doel" | "cel" | "назначение" | "cél" | "obiettivo"
    )
}

/// Whether a character is of a script that puts no space between words.
const fn is_without_spaces(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// The known words of a run without spaces, and what is left between them.
fn segments(run: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = run;
    let mut unknown = String::new();
    while let Some(first) = rest.chars().next() {
        let known = EASTERN
            .iter()
            .filter(|(word, _)| rest.starts_with(word))
            .max_by_key(|(word, _)| word.len());
        let length = if let Some((word, english)) = known {
            if !unknown.is_empty() {
                found.push(std::mem::take(&mut unknown));
            }
            found.push((*english).to_owned());
            word.len()
        } else {
            unknown.push(first);
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    if !unknown.is_empty() {
        found.push(unknown);
    }
    found
}

/// Words of languages without spaces between words, and of Korean, whose particles stand at the end of a word.
const EASTERN: &[(&str, &str)] = &[
    ("送信元", "source"),
    ("接続元", "source"),
    ("発信元", "source"),
    ("通信元", "source"),
    ("アクセス元", "source"),
    ("ソース", "source"),
    ("クライアント", "client"),
    ("送信先", "destination"),
    ("接続先", "destination"),
    ("通信先", "destination"),
    ("アクセス先", "destination"),
    ("宛先", "destination"),
    ("ターゲット", "target"),
    ("サーバー", "server"),
    ("サーバ", "server"),
    ("ポート", "port"),
    ("プロトコル", "protocol"),
    ("トランスポート", "transport"),
    ("用途", "purpose"),
    ("説明", "description"),
    ("備考", "notes"),
    ("方向", "direction"),
    ("サービス", "service"),
    ("必須", "required"),
    ("コンポーネント", "component"),
    ("番号", "number"),
    ("許可", "allow"),
    ("源", "source"),
    ("来源", "source"),
    ("來源", "source"),
    ("发起方", "source"),
    ("发送方", "source"),
    ("客户端", "client"),
    ("用戶端", "client"),
    ("目的地", "destination"),
    ("目的端", "destination"),
    ("目标", "destination"),
    ("目標", "destination"),
    ("接收方", "destination"),
    ("服务器", "server"),
    ("伺服器", "server"),
    ("端口", "port"),
    ("通訊埠", "port"),
    ("連接埠", "port"),
    ("协议", "protocol"),
    ("協定", "protocol"),
    ("協議", "protocol"),
    ("说明", "description"),
    ("說明", "description"),
    ("描述", "description"),
    ("备注", "notes"),
    ("備註", "notes"),
    ("作用", "purpose"),
    ("服务", "service"),
    ("服務", "service"),
    ("组件", "component"),
    ("必需", "required"),
    ("号", "number"),
    ("출발지", "source"),
    ("출발", "source"),
    ("소스", "source"),
    ("송신", "source"),
    ("클라이언트", "client"),
    ("목적지", "destination"),
    ("도착지", "destination"),
    ("대상", "destination"),
    ("수신", "destination"),
    ("서버", "server"),
    ("포트", "port"),
    ("프로토콜", "protocol"),
    ("용도", "purpose"),
    ("설명", "description"),
    ("비고", "notes"),
    ("방향", "direction"),
    ("서비스", "service"),
    ("필수", "required"),
    ("번호", "number"),
];

/// What a word of a language with spaces between words means.
fn of_word(word: &str) -> Option<&'static str> {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    Some(match bare {
        "quelle"
        | "quellsystem"
        | "quellserver"
        | "herkunft"
        | "absender"
        | "origen"
        | "origem"
        | "origine"
        | "sorgente"
        | "bron"
        | "źródło"
        | "zdroj"
        | "källa"
        | "kilde"
        | "kaynak"
        | "источник"
        | "отправитель"
        | "джерело"
        | "sumber"
        | "émetteur"
        | "nguồn"
        | "emisor"
        | "fuente" => "source",
        "von" | "depuis" | "desde" | "откуда" | "da" | "van" => "from",
        "ziel"
        | "zielsystem"
        | "zielserver"
        | "empfänger"
        | "destino"
        | "destinazione"
        | "bestemming"
        | "destinataire"
        | "récepteur"
        | "destinatario"
        | "hedef"
        | "cíl"
        | "получатель"
        | "призначення"
        | "tujuan"
        | "đích"
        | "mål" => "destination",
        "nach" | "vers" | "hacia" | "куда" | "naar" => "to",
        "cible" => "target",
        "cliente" | "klient" | "клиент" | "istemci" => "client",
        "servidor" | "serveur" | "сервер" | "sunucu" => "server",
        "puerto" | "puertos" | "porta" | "portas" | "porte" | "poort" | "poorten" | "porty"
        | "порт" | "порты" | "portnummer" | "portnummern" | "portbereich" | "zielport"
        | "zielports" | "bağlantı" => "port",
        "protokoll" | "protokolle" | "protocole" | "protocoles" | "protocolo" | "protocolos"
        | "protocollo" | "protocolli" | "protokół" | "protokol" | "протокол" | "протоколы"
        | "giao" => "protocol",
        "quellport" | "quellports" => "source port",
        "transporte" | "транспорт" => "transport",
        "zweck" | "propósito" | "proposito" | "finalidad" | "finalidade" | "scopo"
        | "przeznaczenie" | "účel" | "amaç" | "syfte" => "purpose",
        "verwendung" | "verwendungszweck" | "nutzung" | "utilisation" | "utilización" | "uso"
        | "utilizzo" | "gebruik" => "usage",
        "beschreibung" | "descripción" | "descripcion" | "descrição" | "descricao"
        | "descrizione" | "omschrijving" | "beschrijving" | "opis" | "popis" | "описание"
        | "açıklama" | "опис" | "keterangan" | "beskrivning" => "description",
        "bemerkung"
        | "bemerkungen"
        | "anmerkung"
        | "anmerkungen"
        | "kommentar"
        | "hinweis"
        | "remarque"
        | "remarques"
        | "commentaire"
        | "commentaires"
        | "observaciones"
        | "observação"
        | "observações"
        | "comentario"
        | "comentarios"
        | "comentário"
        | "comentários"
        | "opmerking"
        | "opmerkingen"
        | "uwagi"
        | "примечание"
        | "примечания"
        | "комментарий" => "notes",
        "dienst" | "dienste" | "servicio" | "servicios" | "serviço" | "serviços" | "servizio"
        | "servizi" | "usługa" | "сервис" | "служба" | "служби" => "service",
        "anwendung" | "aplicación" | "aplicação" | "applicazione" | "приложение" => {
            "application"
        }
        "komponente" | "composant" | "componente" | "компонент" => "component",
        "funktion" | "fonction" | "función" | "função" | "funzione" => "function",
        "richtung"
        | "sens"
        | "sentido"
        | "direção"
        | "direzione"
        | "richting"
        | "kierunek"
        | "направление"
        | "yön" => "direction",
        "erforderlich"
        | "notwendig"
        | "pflicht"
        | "obligatoire"
        | "requis"
        | "obligatorio"
        | "requerido"
        | "obrigatório"
        | "obbligatorio"
        | "vereist"
        | "verplicht"
        | "wymagany"
        | "обязательный"
        | "обязательно" => "required",
        "rolle" | "rôle" | "rol" | "роль" => "role",
        "eingehend" | "eingang" | "entrant" | "entrante" | "entrada" | "inkommend" | "входящий"
        | "входящее" => "inbound",
        "ausgehend" | "ausgang" | "sortant" | "saliente" | "salida" | "saída" | "uscente"
        | "исходящий" | "исходящее" => "outbound",
        "oder" | "ou" => "or",
        "und" | "et" => "and",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::english;

    #[test]
    fn headings() {
        for (heading, meaning) in [
            ("Quelle", "source"),
            ("Vers", "to"),
            ("Puerto de destino", "port de destination"),
            ("送信元サーバ", "source server"),
            ("目标端口", "destination port"),
            ("출발지", "source"),
            ("목적 및 설명", "목적 및 description"),
            ("Откуда", "from"),
            ("Port", "port"),
        ] {
            assert_eq!(english(heading), meaning, "{heading}");
        }
    }
}
