"use strict";
(() => {
  // On a phone each row is a card.
  const PAGE = matchMedia("(max-width: 40rem)").matches ? 50 : 200;
  const ranks = { violation: 0, warning: 1, note: 2, fine: 3 };

  // A moment in the reader's zone, with UTC beside it; other text stays as it is.
  const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
  const local = (text) => {
    if (!MOMENT.test(text)) return text;
    const date = new Date(text);
    if (date.getTimezoneOffset() === 0) return text.replace("T", " ").replace("Z", " UTC");
    const two = (n) => String(n).padStart(2, "0");
    const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
    return day + " " + time + " (" + text.slice(11, 19) + " UTC)";
  };
  // No line breaks within an address, a service, a range of ports, a moment or an arrow; a list of ports that is longer than a
  // phone is wide may be broken behind its commas.
  const WHOLE =
    /((?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:\/\d+)?|\d+(?:\.\d+){3}(?:\/\d+)?|[a-z]+\/\d+(?:[-,]\d+)*|\d+(?:[-,]\d+)+ \d\d:\d\d:\d\d|\(\d\d:\d\d:\d\d UTC\)|\d+(?:[-,]\d+)+|->)/;
  const whole = (said) => {
    const one = document.createElement("span");
    one.className = "whole";
    one.textContent = said;
    return one;
  };
  const told = (said) =>
    String(said)
      .split(WHOLE)
      .flatMap((part, at) => {
        if (at % 2 === 0) return part;
        if (part.length <= 39) return whole(part);
        return part.split(/(?<=,)/).flatMap((one) => [whole(one), document.createElement("wbr")]);
      });
  document.querySelectorAll("time").forEach((time) => (time.textContent = local(time.dateTime)));

  // What is to be typed or pasted is copied; where a page may not do that, it is selected.
  document.querySelectorAll(".copied").forEach((one) => {
    const button = one.querySelector("button");
    const text = one.querySelector("pre");
    button.hidden = false;
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(text);
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Selected";
      }
    });
  });

  // Each table has its rows as data: [severity, pairs of roles, cells]; a cell is text, or [text, number to sort by].
  const setUp = (section) => {
    const data = JSON.parse(section.querySelector("script").textContent);
    const box = section.querySelector(".scroll");
    const body = section.querySelector("tbody");
    const search = section.querySelector("input");
    const severity = section.querySelector("select");
    const count = section.querySelector("output");
    const more = section.querySelector(".more");
    const heads = [...section.querySelectorAll("thead th")];
    const numbers = heads.map((head) => head.dataset.kind);
    const names = heads.map((head) => head.textContent.trim());
    const text = (cell) => (Array.isArray(cell) ? cell[0] : cell);
    const order = (cell) => (Array.isArray(cell) ? cell[1] : cell);
    const rows = data.map((row) => ({
      severity: row[0],
      cells: row[2],
      found: (row[1] + "\n" + row[2].map(text).join("\n")).toLowerCase(),
    }));
    let column = -1;
    let descending = false;
    let shown = PAGE;
    let current = rows;

    const show = (from) => {
      const part = document.createDocumentFragment();
      for (const row of current.slice(from, shown)) {
        const tr = document.createElement("tr");
        row.cells.forEach((cell, at) => {
          const td = document.createElement("td");
          td.className = numbers[at] || "";
          if (at !== 0) td.dataset.name = names[at];
          if (at === 0) {
            const tag = document.createElement("span");
            tag.className = "tag " + row.severity;
            tag.textContent = text(cell);
            td.append(tag);
          } else {
            td.append(...told(local(text(cell))));
          }
          tr.append(td);
        });
        part.append(tr);
      }
      if (from === 0) body.replaceChildren(part);
      else body.append(part);
      more.hidden = current.length <= shown;
      count.textContent = current.length.toLocaleString("en") + " of " + rows.length.toLocaleString("en");
    };

    const update = () => {
      const words = search.value.toLowerCase().trim();
      current = rows.filter(
        (row) => (!severity.value || row.severity === severity.value) && (!words || row.found.includes(words)),
      );
      if (column >= 0) {
        const by = (row) => (column === 0 ? ranks[row.severity] : order(row.cells[column]));
        current = current
          .map((row, at) => [by(row), at, row])
          .sort(([a, i], [b, j]) => (a < b ? -1 : a > b ? 1 : i - j))
          .map(([, , row]) => row);
        if (descending) current.reverse();
      }
      shown = PAGE;
      show(0);
      box.scrollTop = 0;
    };

    heads.forEach((head, at) => {
      head.querySelector("button").addEventListener("click", () => {
        descending = column === at && !descending;
        column = at;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        update();
      });
    });
    search.addEventListener("input", update);
    severity.addEventListener("change", update);
    more.addEventListener("click", () => {
      const from = shown;
      shown += PAGE;
      show(from);
    });
    section.querySelector(".controls").hidden = false;
    update();
    return {
      find: (words) => {
        search.value = words;
        severity.value = "";
        update();
      },
      state: () => [search.value, severity.value, column, descending, shown, box.scrollLeft, box.scrollTop],
      resume: (state) => {
        [search.value, severity.value, column, descending] = state;
        if (column >= 0) heads[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
        update();
        shown = state[4];
        show(0);
        [box.scrollLeft, box.scrollTop] = state.slice(5);
      },
    };
  };

  const filters = [...document.querySelectorAll("section.table")].map(setUp);
  const cells = [...document.querySelectorAll(".matrix button")];
  cells.forEach((cell) => {
    cell.addEventListener("click", () => {
      const pressed = cell.getAttribute("aria-pressed") !== "true";
      cells.forEach((other) => other.setAttribute("aria-pressed", "false"));
      cell.setAttribute("aria-pressed", String(pressed));
      filters.forEach((filter) => filter.find(pressed ? cell.dataset.pair : ""));
      if (pressed) document.getElementById("rules").scrollIntoView({ block: "start" });
    });
  });

  // The arrows of the picture lead to the tables as the cells do.
  document.querySelectorAll("#talk a[data-pair]").forEach((arrow) => {
    arrow.addEventListener("click", (event) => {
      event.preventDefault();
      filters.forEach((filter) => filter.find(arrow.dataset.pair));
      document.getElementById("flows").scrollIntoView({ block: "start" });
    });
  });

  // A page that a watch serves is shown anew from time to time, and whoever looks stays where they are.
  const refresh = document.querySelector('meta[name="refresh-seconds"]');
  if (refresh) {
    const KEPT = "auditor";
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
    sessionStorage.removeItem(KEPT);
    if (kept) {
      filters.forEach((filter, at) => kept.filters[at] && filter.resume(kept.filters[at]));
      cells.forEach((cell) => cell.setAttribute("aria-pressed", String(cell.dataset.pair === kept.pair)));
      document.querySelectorAll("details").forEach((one, at) => (one.open = kept.open[at] ?? one.open));
      scrollTo(0, kept.top);
    }
    const again = async () => {
      const isBusy = document.hidden || document.activeElement?.matches("input, select") || String(getSelection());
      try {
        // Without an answer the page stays: an old one is better than none.
        if (isBusy || !(await fetch("report", { method: "HEAD" })).ok) return;
      } catch {
        return;
      }
      const pressed = cells.find((cell) => cell.getAttribute("aria-pressed") === "true");
      const now = {
        filters: filters.map((filter) => filter.state()),
        pair: pressed?.dataset.pair,
        open: [...document.querySelectorAll("details")].map((one) => one.open),
        top: scrollY,
      };
      sessionStorage.setItem(KEPT, JSON.stringify(now));
      location.reload();
    };
    setInterval(again, refresh.content * 1000);
  }
})();
