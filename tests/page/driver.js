const said = { errors: window.failures, took: performance.now() };
const rows = (id) => document.querySelectorAll("#" + id + " tbody tr").length;
const count = (id) => document.querySelector("#" + id + " output").textContent;
const type = (id, words) => {
  const search = document.querySelector("#" + id + " input");
  search.value = words;
  search.dispatchEvent(new Event("input"));
};
said.first = [rows("flows"), count("flows"), rows("rules"), count("rules")];
document.querySelector("#flows .more").click();
said.more = rows("flows");
type("flows", "tcp/9999");
said.found = count("flows");
type("flows", "");
const select = document.querySelector("#flows select");
select.value = "fine";
select.dispatchEvent(new Event("change"));
said.fine = count("flows");
select.value = "";
select.dispatchEvent(new Event("change"));
const head = document.querySelectorAll("#flows th button")[3];
const service = () => document.querySelectorAll("#flows tbody tr td:nth-child(4)")[0].textContent;
head.click();
said.ascending = [service(), head.closest("th").getAttribute("aria-sort")];
head.click();
said.descending = [service(), head.closest("th").getAttribute("aria-sort")];
const cell = document.querySelector('.matrix button[data-pair="in no role \u2192 web"]');
if (cell) {
  cell.click();
  said.pair = [count("flows"), cell.getAttribute("aria-pressed")];
}
said.unnamed = [...document.querySelectorAll("button, input, select, svg")].filter(
  (one) => !(one.textContent.trim() || one.getAttribute("aria-label") || one.closest("label") || one.getAttribute("aria-labelledby")),
).length;
said.all = performance.now() - said.took;
document.title = "said " + JSON.stringify(said);
