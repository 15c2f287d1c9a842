// What `xsrun check` says, beside the source; fixes by a click.

import { button, complain, fill, h, plural, tell } from "./dom.js";
import { get, newest, post } from "./api.js";
import { editor, forget, listing, sourceOf } from "./source.js";

export async function show(main, parts) {
  const found = await get("checks");
  const list = h("div", {});
  const beside = h("div", { class: "beside" });
  const files = Map.groupBy ? Map.groupBy(found.diagnostics, (one) => one.file) : grouped(found.diagnostics);
  const counts = { error: 0, warning: 0, info: 0 };
  for (const one of found.diagnostics) counts[one.severity] += 1;
  const again = () => { forget(); show(main, parts); };
  const fix = async (given) => {
    try {
      const done = await post("checks/fix", given);
      tell(`${plural(done.fixed, "problem")} fixed in ${plural(done.files.length, "file")}.`);
      again();
    } catch (error) { complain(error); }
  };
  const ask = newest();
  async function look(file, line) {
    const isNewest = ask();
    const source = await sourceOf(file, true, 1);
    if (!isNewest()) return;
    const at = new Map(source.problems.map((one) => [one.line, one]));
    const edit = () => fill(beside, h("h2", { class: "mono" }, file), editor(source, { line, saved: () => again(), cancel: () => look(file, line) }));
    fill(beside, h("div", { class: "row head" }, h("h2", { class: "mono" }, file), source.editable ? button("Edit", edit) : null),
      listing(source.text, { label: `Source of ${file}`, margin: (number) => at.get(number)?.message, mark: (number) => `${at.get(number)?.severity === "error" ? "wrong" : ""} ${number === line ? "current" : ""}` }));
    const current = beside.querySelector(".current");
    if (current) beside.querySelector(".source").scrollTop = current.offsetTop - 120;
  }
  fill(main, h("div", { class: "head" }, h("h1", {}, "Checks"), button("Check again", again),
    found.diagnostics.some((one) => one.fixable) ? button("Fix all", () => fix({ all: true }), { class: "main" }) : null),
  h("p", { role: "status" }, found.diagnostics.length ? `${plural(found.files, "file")}: ${plural(counts.error, "error")}, ${plural(counts.warning, "warning")}, ${plural(counts.info, "note")}.` : `${plural(found.files, "file")} checked: no problems.`),
  h("div", { class: "panes" }, list, beside));
  fill(list, [...files].map(([file, some]) => h("section", {}, h("h2", { class: "mono" }, file), h("ul", { class: "plain problems" }, some.map((one) => h("li", { class: one.severity },
    h("div", {}, h("strong", {}, `${one.severity} ${one.code}`), " ", button(`line ${one.line}`, () => look(one.file, one.line), { class: "quiet row-link" })),
    h("div", {}, one.message), one.hint ? h("div", { class: "soft" }, one.hint) : null,
    one.fixable ? button("Fix", () => fix({ file: one.file, code: one.code, line: one.line, column: one.column }), { "aria-label": `Fix ${one.code} in line ${one.line}` }) : null))))));
  if (found.diagnostics.length) look(found.diagnostics[0].file, found.diagnostics[0].line).catch(() => {});
}

function grouped(list) {
  const made = new Map();
  for (const one of list) made.set(one.file, [...(made.get(one.file) || []), one]);
  return made;
}
