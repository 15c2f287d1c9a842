// Tests: running them, what came out with differences and logs, and the statements that they ran.

import { button, complain, field, fill, h, json, ms, plural, select, tabs } from "./dom.js";
import { get, newest, post } from "./api.js";
import { editor, listing, sourceOf } from "./source.js";

let last = null;

export async function show(main) {
  const { tests } = await get("tests");
  const find = h("input", { type: "search", placeholder: "part of a name" });
  const kind = select([["", "unit and workflow"], "unit", "workflow", ["smoke", "smoke runs"]], "", () => {});
  const results = h("div", {});
  const state = h("p", { role: "status", class: "soft" }, tests.length ? `${plural(tests.length, "test")}.` : "There are no tests yet: a request can be saved as one.");
  const ask = newest();
  const run = async (event) => {
    event?.preventDefault();
    const isNewest = ask();
    state.textContent = "Running...";
    try {
      const found = await post("tests/run", { pattern: find.value.trim(), kind: kind.value });
      if (!isNewest()) return;
      last = found;
      draw();
    } catch (error) {
      complain(error);
      if (isNewest()) state.textContent = "";
    }
  };
  function draw() {
    state.textContent = `${plural(last.passed, "test")} passed, ${last.failed} failed${last.skipped ? `, ${last.skipped} skipped` : ""}, ${ms(last.duration)}.`;
    fill(results, tabs("Results", [["outcomes", "Outcomes", outcomes], ["coverage", "Coverage", coverage]]));
  }
  fill(main, h("div", { class: "head" }, h("h1", {}, "Tests")),
    h("form", { class: "filters", onsubmit: run }, field("Find", find, { class: "field wide" }), field("Kind", kind), h("button", { type: "submit", class: "main" }, "Run")), state, results);
  if (last) draw();
  else fill(results, h("ul", { class: "plain" }, tests.map((one) => h("li", {}, one.name, h("span", { class: "soft" }, ` ${one.construct}, ${one.kind}`)))));
}

function outcomes() {
  const order = { error: 0, fail: 0, skipped: 2, pass: 3 };
  const sorted = [...last.results].sort((a, b) => order[a.status] - order[b.status]);
  return h("ul", { class: "plain" }, sorted.map((one) => {
    const head = [h("span", { class: `status ${one.status === "pass" ? "good" : one.status === "skipped" ? "soft" : "bad"}` }, one.status), ` ${one.name} `, h("span", { class: "soft" }, `${one.construct}, ${ms(one.duration)}`)];
    if (one.status === "pass" && !one.logs.length) return h("li", {}, head);
    return h("li", {}, h("details", { open: one.status === "fail" || one.status === "error" }, h("summary", {}, head), details(one)));
  }));
}

function details(one) {
  const failed = one.expectations.filter((each) => !each.passed);
  return h("div", { class: "stack" },
    one.message ? h("div", { class: "problem" }, h("div", { class: "diff" }, one.message), h("div", { class: "mono" }, `${one.file}:${one.line}`), one.hint ? h("div", {}, `help: ${one.hint}`) : null) : null,
    failed.map((each) => h("div", {}, h("h3", {}, `${each.assertion}, line ${each.line}`), each.difference.length ? h("div", { class: "diff" }, each.difference.join("\n")) : null,
      h("div", { class: "panes" }, h("div", {}, "expected", json(each.expected ?? null, 2)), h("div", {}, "was", json(each.actual ?? null, 2))))),
    one.logs.length ? [h("h3", {}, "Log"), h("ul", { class: "plain" }, one.logs.map((log) => h("li", {}, typeof log.value === "string" ? log.value : json(log.value))))] : null,
    one.trace.length ? h("details", {}, h("summary", {}, `${plural(one.trace.length, "statement")} that ran`), h("ul", { class: "plain" }, one.trace.map(([statement, file, line, value]) => h("li", { class: "mono" }, `${file}:${line} ${statement} ${value ? `= ${value.slice(0, 120)}` : ""}`)))) : null);
}

function coverage() {
  const beside = h("div", { class: "beside" }, h("p", { class: "soft" }, "Choose a file. Green lines ran in a test, red ones in none."));
  const ask = newest();
  const look = async (file, found) => {
    const isNewest = ask();
    const source = await sourceOf(file, true);
    if (!isNewest()) return;
    const ran = new Set(found.ran);
    const missed = new Set(found.missed);
    const edit = () => fill(beside, h("h2", { class: "mono" }, file), editor(source, { cancel: () => look(file, found) }));
    fill(beside, h("div", { class: "row head" }, h("h2", { class: "mono" }, file), source.editable ? button("Edit", edit) : null),
      listing(source.text, { label: `Coverage of ${file}`, mark: (line) => (ran.has(line) ? "covered" : missed.has(line) ? "missed" : ""), margin: (line) => (missed.has(line) ? "no test runs this" : null) }));
  };
  const share = (found) => (found.ran.length + found.missed.length ? found.ran.length / (found.ran.length + found.missed.length) : 1);
  const files = Object.entries(last.coverage).sort((a, b) => share(a[1]) - share(b[1]));
  const all = files.reduce((sum, [, one]) => [sum[0] + one.ran.length, sum[1] + one.ran.length + one.missed.length], [0, 0]);
  return h("div", {}, h("p", {}, `${all[0]} of ${plural(all[1], "statement")} ran.`),
    h("div", { class: "columns" }, h("ul", { class: "side", "aria-label": "Files" }, files.map(([file, found]) => {
      const bar = h("span", { class: "meter", "aria-hidden": "true" }, h("span", {}));
      bar.firstChild.style.width = `${Math.round(share(found) * 100)}%`;
      return h("li", {}, h("button", { type: "button", class: "link", onclick: () => look(file, found) }, h("span", {}, file.split("/").at(-1)), h("span", { class: "number" }, `${Math.round(share(found) * 100)}% `, bar)));
    })), beside));
}
