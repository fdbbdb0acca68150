"use strict";
(() => {
  // Whatever speaks of a rule, by the rule: its lines, the rule itself, and lines that say it again.
  const all = new Map();
  for (const one of document.querySelectorAll("[data-rules]")) {
    for (const rule of one.dataset.rules.split(" ")) {
      if (!all.has(rule)) all.set(rule, []);
      all.get(rule).push(one);
    }
  }
  let marked = [];
  const mark = (target) => {
    marked.forEach((one) => one.classList.remove("on"));
    const from = target instanceof Element && target.closest("[data-rules]");
    marked = from ? from.dataset.rules.split(" ").flatMap((rule) => all.get(rule)) : [];
    marked.forEach((one) => one.classList.add("on"));
  };
  document.addEventListener("pointerover", (event) => mark(event.target));
  document.addEventListener("pointerleave", () => mark(document.activeElement));
  document.addEventListener("focusin", (event) => mark(event.target));
  document.addEventListener("focusout", () => mark(null));
})();
