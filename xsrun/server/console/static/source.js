// The source of a construct, with values in its margin; editing it.

import { button, complain, fill, h, tell } from "./dom.js";
import { get, put } from "./api.js";

const KEYWORDS = new Set(("query function task table tool addon middleware workflow_test test stack input response schema each as if elseif else " +
  "conditional foreach for while switch case default try catch finally return precondition true false null verb var group").split(" "));
const TOKEN = /(\/\/.*$)|("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`(?:[^`\\]|\\.)*`?)|(\$[A-Za-z_][\w.]*)|(\b\d+(?:\.\d+)?\b)|([A-Za-z_][\w.]*)/g;

export function coloured(line) {
  const parts = [];
  let at = 0;
  for (const found of line.matchAll(TOKEN)) {
    if (found.index > at) parts.push(line.slice(at, found.index));
    const kind = found[1] ? "comment" : found[2] ? "string" : found[3] ? "variable" : found[4] ? "digits" : KEYWORDS.has(found[5]) ? "keyword" : found[5].includes(".") ? "statement" : "";
    parts.push(kind ? h("span", { class: `t-${kind}` }, found[0]) : found[0]);
    at = found.index + found[0].length;
  }
  parts.push(line.slice(at));
  return parts;
}

// Lines with numbers. `margin` gives what stands beside a line, `mark` classes of it, by its number.
export function listing(text, { margin = () => null, mark = () => "", onLine = null, label = "Source" } = {}) {
  const lines = text.replace(/\n$/, "").split("\n");
  return h("div", { class: "source", role: "region", "aria-label": label, tabindex: "0" },
    h("ol", {}, lines.map((line, index) => {
      const number = index + 1;
      const beside = margin(number);
      return h("li", { class: mark(number), "data-line": number, onclick: onLine ? () => onLine(number) : null },
        h("code", {}, line ? coloured(line) : "\u00a0"), beside ? h("span", { class: "margin" }, beside) : null);
    })));
}

const read = new Map();

export async function sourceOf(file, fresh = false, check = "") {
  if (fresh || !read.has(file)) read.set(file, get("source", { file, check }));
  try { return await read.get(file); } catch (error) { read.delete(file); throw error; }
}
export const forget = () => read.clear();

// A text field for a file, which saves it; `saved` is called with the text then.
export function editor(source, { saved = () => {}, cancel = null, line = 0 } = {}) {
  const text = h("textarea", { class: "mono editor", rows: 28, spellcheck: "false", "aria-label": `Text of ${source.file}` }, source.text);
  const told = h("div", { role: "status" });
  let version = source.version;
  const save = async () => {
    try {
      const found = await put("source", { file: source.file, text: text.value, version });
      version = found.version;
      forget();
      const errors = found.problems.filter((one) => one.severity === "error");
      fill(told, problems(found.problems));
      tell(errors.length ? `${source.file} is saved, with errors.` : `${source.file} is saved and live.`, errors.length > 0);
      saved(text.value, found.problems);
    } catch (error) {
      complain(error);
    }
  };
  text.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); save(); }
    if (event.key === "Escape" && cancel) cancel();
  });
  queueMicrotask(() => {
    if (!line) return;
    const at = source.text.split("\n").slice(0, line - 1).join("\n").length + 1;
    text.focus();
    text.setSelectionRange(at, at);
    text.scrollTop = (line - 6) * 20;
  });
  return h("div", { class: "stack" }, text, h("div", { class: "row" }, button("Save", save, { class: "main" }), cancel ? button("Close the editor", cancel) : null), told);
}

export function problems(list) {
  return list.length ? h("ul", { class: "plain problems" }, list.map((one) => h("li", { class: one.severity },
    h("strong", {}, `${one.severity} ${one.code}`), ` line ${one.line}: ${one.message}`, one.hint ? h("div", { class: "soft" }, one.hint) : null))) : null;
}
