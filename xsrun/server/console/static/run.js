// Running a construct or a snippet: a form of its inputs, the answer, and the run step by step beside the source.

import { button, field, fill, h, json, ms, select, tabs, tell, words } from "./dom.js";
import { get, newest, part, post } from "./api.js";
import { inputs } from "./fields.js";
import { travel } from "./travel.js";

const SNIPPET = "var $sum { value = 1 + 2 }\n";

export async function show(main, parts, query) {
  const { constructs, auth, environment } = await get("runnable");
  const key = (one) => [one.kind, one.verb || "", one.group || "", one.name].map(part).join("/");
  const wanted = parts.length > 1 ? parts.map(part).join("/") : parts[0] || "";
  const chosen = constructs.find((one) => key(one) === wanted) || null;
  const place = h("div", {});
  const search = h("input", { type: "search", placeholder: "name" });
  const list = h("ul", { class: "side", "aria-label": "What can be run" });
  const draw = () => {
    const text = search.value.trim().toLowerCase();
    fill(list, h("li", {}, h("a", { class: "row-link", href: "#/run/snippet", "aria-current": wanted === "snippet" ? "page" : null }, "A snippet")),
      constructs.filter((one) => one.label.toLowerCase().includes(text)).slice(0, 300).map((one) => h("li", {}, h("a", { class: "row-link", href: `#/run/${key(one)}`, "aria-current": one === chosen ? "page" : null },
        one.label, one.broken ? h("span", { class: "bad" }, "broken") : null))));
  };
  search.addEventListener("input", draw);
  draw();
  fill(main, h("div", { class: "head" }, h("h1", {}, "Run")),
    h("div", { class: "columns" }, h("div", { class: "stack" }, field("Find", search), list), place));
  if (wanted === "snippet") snippet(place, auth, environment);
  else if (chosen) form(place, chosen, auth, environment, query);
  else fill(place, h("p", { class: "soft" }, "Choose a query, a function, a task, a tool, or type a snippet."));
}

// Whom the run is for: nobody, or a row of a table with auth.
function identity(auth, preferred) {
  const id = h("select", { "aria-label": "Row" });
  const free = h("input", { type: "text", placeholder: "id", "aria-label": "Id", size: 6 });
  const ask = newest();
  const rows = async (name) => {
    const isNewest = ask();
    id.hidden = !name;
    free.hidden = true;
    if (!name) return;
    const found = await post(`table/${part(name)}/rows`, { limit: 50 }).catch(() => ({ rows: [] }));
    if (!isNewest()) return;
    fill(id, found.rows.map((row) => h("option", { value: String(row.id) }, `${row.id} ${label(row)}`)), h("option", { value: "" }, "another id"));
    if (!found.rows.length) free.hidden = false;
  };
  id.addEventListener("change", () => { free.hidden = id.value !== ""; });
  const which = select([["", "nobody"], ...auth], auth.includes(preferred) ? preferred : "", rows);
  rows(which.value);
  return {
    element: h("div", { class: "row" }, field("Run for", which), id, free),
    value: () => {
      if (!which.value) return null;
      const text = id.value || free.value.trim();
      return text ? { table: which.value, id: text } : null;
    },
  };
}

const label = (row) => String(row.name ?? row.email ?? row.title ?? row.username ?? "").slice(0, 40);

function surroundings(environment) {
  const values = h("textarea", { class: "mono", rows: 3, spellcheck: "false", placeholder: "NAME=value, a line each" });
  const source = h("input", { type: "text", placeholder: "live", size: 8 });
  return {
    element: h("details", {}, h("summary", {}, "Environment and data source"), field("Values of $env in place of its own", values),
      environment.length ? h("p", { class: "soft mono" }, environment.join(" ")) : null, field("Data source", source)),
    env: () => Object.fromEntries(values.value.split("\n").filter((line) => line.includes("=")).map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1)])),
    source: () => source.value.trim() || "live",
  };
}

function form(place, one, auth, environment) {
  const kept = `xsrun-input-${one.label}`;
  let start = {};
  try { start = JSON.parse(sessionStorage.getItem(kept) || "{}"); } catch { start = {}; }
  const fields = inputs(one.fields, start);
  const who = identity(auth, one.auth);
  const around = surroundings(environment);
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const ask = newest();
  const send = async (event) => {
    event.preventDefault();
    const isNewest = ask();
    try {
      const input = await fields.value();
      const plain = Object.fromEntries(Object.entries(input).filter(([name]) => !one.fields.find((field) => field.name === name)?.sensitive));
      sessionStorage.setItem(kept, JSON.stringify(plain).slice(0, 100000));
      await go(answer, { kind: one.kind, name: one.name, verb: one.verb, group: one.group, input, auth: who.value(), env: around.env(), datasource: around.source() }, isNewest);
    } catch (error) {
      if (isNewest()) fill(answer, h("p", { class: "problem", role: "alert" }, words(error)));
    }
  };
  fill(place, h("h2", {}, one.label), one.description ? h("p", { class: "soft" }, one.description) : null,
    h("p", { class: "mono soft" }, `${one.file}:${one.line}`), one.problem ? h("p", { class: "problem" }, one.problem) : null,
    h("form", { class: "stack", onsubmit: send, onkeydown: (event) => { if (event.key === "Enter" && event.ctrlKey) send(event); } },
      one.fields.length ? fields.element : h("p", { class: "soft" }, "It takes no input."), who.element, around.element,
      h("div", { class: "row" }, h("button", { type: "submit", class: "main" }, "Run"))), answer);
}

function snippet(place, auth, environment) {
  const text = h("textarea", { class: "mono editor", rows: 10, spellcheck: "false", value: sessionStorage.getItem("xsrun-snippet") || SNIPPET });
  const who = identity(auth, "");
  const around = surroundings(environment);
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const ask = newest();
  const send = async (event) => {
    event.preventDefault();
    const isNewest = ask();
    sessionStorage.setItem("xsrun-snippet", text.value);
    try {
      await go(answer, { text: text.value, auth: who.value(), env: around.env(), datasource: around.source() }, isNewest);
    } catch (error) {
      if (isNewest()) fill(answer, h("p", { class: "problem", role: "alert" }, words(error)));
    }
  };
  fill(place, h("h2", {}, "A snippet"), h("p", { class: "soft" }, "Statements, or a whole construct. It sees the tables and functions of the workspace, and what it writes stays."),
    h("form", { class: "stack", onsubmit: send, onkeydown: (event) => { if (event.key === "Enter" && event.ctrlKey) send(event); } },
      field("Program", text), who.element, around.element, h("div", { class: "row" }, h("button", { type: "submit", class: "main" }, "Run"))), answer);
}

async function go(answer, given, isNewest) {
  fill(answer, h("p", { class: "soft" }, "Running..."));
  const found = await post("run", given);
  if (!isNewest()) return;
  const response = found.response || {};
  const error = found.error_detail;
  const steps = h("div", {});
  fill(answer,
    h("p", { class: "facts" }, h("span", { class: `status ${found.failed ? "bad" : "good"}` }, found.failed ? "failed" : "done"), h("span", {}, ms(found.duration)),
      found.number ? h("a", { href: `#/requests/${found.number}` }, "kept with the requests") : null),
    error ? h("div", { class: "problem", role: "note" }, h("strong", {}, error.message || error.code), error.file && error.line ? h("div", { class: "mono" }, `${error.file}:${error.line}`) : null, error.hint ? h("div", {}, `help: ${error.hint}`) : null) : null,
    tabs("Parts of the answer", [
      ["steps", "Step by step", () => { travel(steps, found.trace, { error, text: given.text, heading: "h3" }); return steps; }],
      ["answer", "Response", () => ("json" in response ? json(response.json, 3) : h("pre", { tabindex: "0" }, response.text || ""))],
      ["log", `Log (${(found.logs || []).length + (found.warnings || []).length})`, () => h("ul", { class: "plain" }, [...(found.logs || []).map((one) => h("li", {}, typeof one.value === "string" ? one.value : json(one.value))), ...(found.warnings || []).map((one) => h("li", { class: "warn" }, one))])],
      ["asked", `SQL and calls (${found.trace ? found.trace.events.length : 0})`, () => h("ul", { class: "plain" }, (found.trace?.events || []).map(([kind, text, micro, rows]) => h("li", {}, h("pre", { tabindex: "0" }, text), h("span", { class: "soft" }, `${kind}, ${ms(micro / 1e6)}, ${rows}`))))],
    ], error ? "steps" : "answer"));
  if (found.failed) tell("The run failed.", true);
}
