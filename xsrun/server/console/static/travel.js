// A run as a timeline and tree beside its source; a step is chosen by click, slider or arrow keys, and shows the values
// of all variables at that time.

import { button, fill, h, ms, plural } from "./dom.js";
import { editor, listing, sourceOf } from "./source.js";

const MOST_ROWS = 400;

// The statements of a trace as rows of a tree: `depth` counts what is around them, calls included.
function rowsOf(trace) {
  const steps = trace.statements.map(([statement, call, line, level, at, micro, variable, value, ended], index) => ({
    index, statement, call, line, level, at, micro, variable, value, ended, own: micro, calls: [], depth: 0, shut: false, parent: null,
  }));
  trace.calls.forEach(([label, file, line, input, after], number) => {
    const call = { number, label, file, line, input, caller: steps[after] || null };
    trace.calls[number].made = call;
    if (steps[after] && number > 0) steps[after].calls.push(call);
  });
  const stack = [];
  for (const step of steps) {
    const call = trace.calls[step.call]?.made;
    const base = call && call.number > 0 && call.caller ? call.caller.depth + 1 : 0;
    step.depth = base + step.level;
    while (stack.length && stack.at(-1).depth >= step.depth) stack.pop();
    step.parent = stack.at(-1) || null;
    if (step.parent) step.parent.own -= step.micro;
    stack.push(step);
  }
  return steps;
}

const fileOf = (trace, step) => trace.calls[step.call]?.[1] || "";

export function travel(place, trace, { error = null, heading = "h2", text = null } = {}) {
  const steps = rowsOf(trace);
  const total = Math.max(1, ...steps.map((one) => one.at + one.micro)) - Math.min(0, ...steps.map((one) => one.at));
  const start = steps[0]?.at || 0;
  const span = Math.max(1, total - start);
  const hottest = Math.max(1, ...steps.map((one) => one.own));
  const failing = error && error.line ? steps.findLast((one) => !one.ended && one.line === error.line && fileOf(trace, one) === error.file) || steps.findLast((one) => !one.ended) : null;
  let chosen = failing ? failing.index : Math.max(steps.length - 1, 0);

  const tree = h("ul", { class: "tree", "aria-label": "Statements" });
  const beside = h("div", { class: "beside" });
  const values = h("div", { class: "values" });
  const told = h("output", { class: "soft" });
  const slider = h("input", { type: "range", min: 0, max: Math.max(steps.length - 1, 0), value: chosen, "aria-label": "Step", oninput: () => go(Number(slider.value)) });
  const items = new Map();

  const heat = (step) => {
    const share = Math.max(step.own, 0) / hottest;
    return step.own < 1000 && share < 1 ? "" : share > 0.66 ? "heat-3" : share > 0.33 ? "heat-2" : share > 0.1 ? "heat-1" : "";
  };

  function item(step) {
    const width = Math.max((step.micro / span) * 100, 0.6);
    const bar = h("span", { class: "bar", "aria-hidden": "true" }, h("span", { class: "fill" }));
    bar.firstChild.style.marginLeft = `${Math.min(((step.at - start) / span) * 100, 99)}%`;
    bar.firstChild.style.width = `${Math.min(width, 100)}%`;
    const made = h("li", { class: `step ${heat(step)} ${step.ended ? "" : "open-ended"}` },
      h("button", { type: "button", class: "pick", onclick: () => go(step.index) },
        h("span", { class: "name" }, step.statement),
        step.variable ? h("span", { class: "got" }, h("span", { class: "t-variable" }, `$${step.variable}`), ` = ${short(step.value)}`) : null,
        step.ended ? null : h("span", { class: step === failing ? "tag bad" : "tag" }, step === failing ? "failed here" : "not ended")),
      h("span", { class: "took number" }, step.ended ? ms(step.micro / 1e6) : ""), bar);
    made.style.setProperty("--depth", Math.min(step.depth, 12));
    items.set(step.index, made);
    for (const call of step.calls) made.append(h("div", { class: "entered soft" }, `enters ${call.label} with ${short(call.input)}`));
    return made;
  }

  function draw() {
    let from = 0;
    if (steps.length > MOST_ROWS) from = Math.max(0, Math.min(chosen - MOST_ROWS / 2, steps.length - MOST_ROWS));
    items.clear();
    fill(tree, steps.slice(from, from + MOST_ROWS).map(item));
    if (from > 0) tree.prepend(h("li", { class: "soft" }, `${plural(from, "step")} before these`));
    if (from + MOST_ROWS < steps.length) tree.append(h("li", { class: "soft" }, `${plural(steps.length - from - MOST_ROWS, "step")} after these`));
  }

  async function go(index) {
    chosen = Math.max(0, Math.min(index, steps.length - 1));
    slider.value = chosen;
    if (!items.has(chosen)) draw();
    for (const [key, element] of items) element.classList.toggle("chosen", key === chosen);
    items.get(chosen)?.querySelector("button").setAttribute("aria-current", "step");
    for (const [key, element] of items) if (key !== chosen) element.querySelector("button").removeAttribute("aria-current");
    items.get(chosen)?.scrollIntoView({ block: "nearest" });
    const step = steps[chosen];
    told.textContent = step ? `step ${chosen + 1} of ${steps.length}: ${step.statement}, line ${step.line}` : "";
    variables(step);
    await source(step);
  }

  // What each variable of the call holds once the step is done.
  function variables(step) {
    if (!step) return;
    const call = trace.calls[step.call];
    const found = new Map();
    for (const one of steps.slice(0, step.index + 1)) {
      if (one.call === step.call && one.variable && one.ended) found.set(one.variable, one);
    }
    const rows = [...found].map(([name, one]) => h("tr", { class: one.index === step.index ? "changed" : "" },
      h("th", { scope: "row", class: "t-variable" }, `$${name}`), h("td", { class: "mono" }, long(one.value)), h("td", { class: "soft" }, `line ${one.line}`)));
    fill(values, h(heading, {}, `Values in ${call ? call[0] : "the run"}`),
      call && call[3] ? h("div", { class: "mono inputs" }, h("span", { class: "t-variable" }, "$input"), " = ", long(call[3])) : null,
      rows.length ? h("table", {}, h("tbody", {}, rows)) : h("p", { class: "soft" }, "No variable is set yet."));
  }

  let shown = "";
  async function source(step) {
    const file = step ? fileOf(trace, step) : trace.calls[0]?.[1];
    if (!file) return;
    let found;
    try { found = text !== null && file === "snippet.xs" ? { file, text, editable: false } : await sourceOf(file); } catch (problem) { fill(beside, h("p", { class: "soft" }, `${file}: ${problem.message}`)); return; }
    if (step && step.index !== chosen) return; // another one was chosen meanwhile
    const last = new Map();
    for (const one of steps.slice(0, step ? step.index + 1 : 0)) if (one.call === step.call && one.variable) last.set(one.line, one);
    const warm = new Map();
    for (const one of steps) if (fileOf(trace, one) === file) warm.set(one.line, heat(one) || warm.get(one.line) || "");
    const at = error && error.file === file ? error.line : 0;
    const top = shown === file ? beside.querySelector(".source")?.scrollTop : null;
    shown = file;
    fill(beside,
      h("div", { class: "row head" }, h(heading, { class: "mono" }, file), found.editable ? button("Edit", () => edit(found, step)) : null),
      listing(found.text, {
        label: `Source of ${file}`,
        margin: (line) => (last.has(line) ? `$${last.get(line).variable} = ${short(last.get(line).value)}` : line === at ? error.message : null),
        mark: (line) => [step && line === step.line ? "current" : "", line === at ? "wrong" : "", warm.get(line) || ""].filter(Boolean).join(" "),
        onLine: (line) => { const one = steps.findLast((each) => each.line === line && fileOf(trace, each) === file); if (one) go(one.index); },
      }));
    const box = beside.querySelector(".source");
    const current = beside.querySelector(".current");
    if (top != null) box.scrollTop = top;
    if (current && (current.offsetTop < box.scrollTop || current.offsetTop > box.scrollTop + box.clientHeight - 30)) box.scrollTop = current.offsetTop - box.clientHeight / 2;
  }

  function edit(found, step) {
    fill(beside, h(heading, { class: "mono" }, found.file), editor(found, { line: step?.line || 0, cancel: () => go(chosen) }));
  }

  if (!steps.length) {
    fill(place, h("p", { class: "soft" }, error ? "It failed before the first statement." : "It ran no statements."), beside);
    source(null).catch(() => {});
    return;
  }
  fill(place,
    h("div", { class: "steps row", onkeydown: (event) => {
      const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (way && event.target !== slider) { event.preventDefault(); go(chosen + way); }
    } }, button("Back", () => go(chosen - 1)), slider, button("Forth", () => go(chosen + 1)), told),
    trace.left_out ? h("p", { class: "soft" }, `${plural(trace.left_out, "statement")} after these were not noted.`) : null,
    h("div", { class: "panes" }, h("div", { class: "left", tabindex: "0", role: "region", "aria-label": "Timeline", onkeydown: (event) => {
      const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (way) { event.preventDefault(); go(chosen + way); }
    } }, tree), h("div", { class: "right" }, beside, values)));
  draw();
  go(chosen);
}

const short = (text) => (text.length > 80 ? `${text.slice(0, 80)}...` : text || "null");

function long(text) {
  if (text.length <= 120) return text || "null";
  try { return h("details", {}, h("summary", {}, short(text)), h("pre", { tabindex: "0" }, JSON.stringify(JSON.parse(text), null, 2))); } catch { return text; }
}
