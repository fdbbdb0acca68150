const said = { errors: window.failures, title: document.title };
const marked = () => [...document.querySelectorAll(".on")].filter((one) => one.id).map((one) => one.id);
const hover = (one) => one.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
hover(document.querySelector("#p0-9 .text"));
said.hovered = marked();
hover(document.querySelector("#p0-1 .text"));
said.left = marked().length;
// A browser without a window tells a page of focus only once it holds itself for the window in front, which is later on a slow
// machine: that the element takes the focus is asked, and the event is sent.
const focus = (one) => {
  one.focus();
  if (document.activeElement !== one) throw new Error("takes no focus: " + one.outerHTML);
  one.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
};
focus(document.querySelector("#p0-5 a.number"));
said.focused = marked();
document.activeElement.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
focus(document.querySelector("#r0 a"));
said.from = marked();
const lines = () => [...document.querySelectorAll(".line")].filter((one) => one.getClientRects().length).length;
said.lines = [lines()];
document.querySelector("#look").click();
said.lines.push(lines());
document.querySelector("#look").click();
said.foreign = document.querySelectorAll(".lines img, .lines script, .text b").length;
said.widest = document.documentElement.scrollWidth <= innerWidth;
document.title = "said " + JSON.stringify(said);
