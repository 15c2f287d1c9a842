// One request: what was sent and answered, and what its program did; sending it again, as it was or changed.

import { button, complain, copy, dialog, field, fill, h, json, ms, pre, select, size, table, tabs, time, words } from "./dom.js";
import { get, part, post } from "./api.js";
import { status, verb } from "./requests.js";
import { travel } from "./travel.js";

export async function showRequest(main, number) {
  const one = await get(`request/${part(number)}`);
  const back = () => { location.hash = "#/requests"; };
  const again = async (changes) => {
    const sent = await post(`request/${one.number}/replay`, changes || {});
    location.hash = `#/requests/${sent.number}`;
  };
  const acts = ["request", "replay"].includes(one.kind) ? [
    button("Replay", () => again().catch(complain), { class: "main" }),
    button("Edit and replay", () => edit(one, again)),
    button("Copy as curl", () => copy(curl(one), "The curl command")),
    button("Save as a unit test", async () => (await import("./saving.js")).saveUnit(one)),
    button("Save as a workflow test", async () => (await import("./saving.js")).saveWorkflow([one.number])),
  ] : [];
  fill(main,
    h("div", { class: "head" }, button("All requests", back, { class: "quiet" }),
      h("h1", { class: "address" }, verb(one.verb), " ", h("span", { class: "mono" }, one.uri))),
    h("p", { class: "facts" }, status(one), h("span", {}, ms(one.duration)), h("span", {}, size(one.size)), time(one.at),
      one.query ? h("span", {}, one.query) : null, one.identity ? h("span", {}, `for ${one.identity.table} ${one.identity.id}`) : null,
      one.datasource && one.datasource !== "live" ? h("span", {}, `data source ${one.datasource}`) : null,
      one.repeats ? h("span", {}, "replay of ", h("a", { href: `#/requests/${one.repeats}` }, `request ${one.repeats}`)) : null),
    h("div", { class: "row acts" }, acts),
    one.error_detail ? failure(one) : null,
    tabs("Parts of the request", [
      ["timeline", "Timeline", () => timeline(one)],
      ["input", "Request", () => sent(one)],
      ["response", "Response", () => answered(one)],
      ["log", `Log (${(one.logs || []).length + (one.warnings || []).length})`, () => logs(one)],
      ["asked", `SQL and calls (${one.trace ? one.trace.events.length : 0})`, () => asked(one)],
    ]));
}


function failure(one) {
  const error = one.error_detail;
  return h("div", { class: "problem", role: "note" },
    h("strong", {}, error.message || error.code), " ", h("code", {}, error.code),
    error.file && error.line ? h("div", { class: "mono" }, `${error.file}:${error.line}:${error.column || 1}`) : null,
    error.hint ? h("div", {}, `help: ${error.hint}`) : null);
}

function timeline(one) {
  const place = h("div", {});
  if (!one.trace) {
    const why = one.kind === "unmatched" ? "No query took this request, so there is nothing to see." :
      "This request was not traced: xsrun notes the statements of requests while the console is open, and of a query that has just failed (xsrun serve --trace-requests always notes them all). Replay it to see them.";
    return h("p", { class: "soft" }, why);
  }
  travel(place, one.trace, { error: one.error_detail });
  return place;
}

const lines = (list) => (list && list.length ? pre(list.join("\n")) : h("p", { class: "soft" }, "None."));

function sent(one) {
  const request = one.request || {};
  const bound = one.trace && one.trace.calls.length ? one.trace.calls[0][3] : "";
  return [
    h("h2", {}, "Input as it came"), json(one.input ?? null, 3),
    bound ? [h("h2", {}, "Input as bound"), value(bound)] : null,
    one.request ? [h("h2", {}, "Headers"), lines(request.headers), h("h2", {}, "Body"), body(request.body || {})] : null,
  ];
}

export function value(text) {
  try { return json(JSON.parse(text), 2); } catch { return pre(text); }
}

function body(found) {
  if ("json" in found) return json(found.json, 3);
  if (found.text) return pre(found.text);
  return h("p", { class: "soft" }, found.size ? `${size(found.size)}, not kept as text.` : "None.");
}

function answered(one) {
  const found = one.response;
  if (!found) return h("p", { class: "soft" }, "None was kept.");
  return [h("h2", {}, "Body"), found.cut ? h("p", { class: "soft" }, `Its beginning; it had ${size(one.size)}.`) : null, body(found), h("h2", {}, "Headers"), lines(found.headers)];
}

function logs(one) {
  const all = (one.logs || []).map((log) => h("li", {}, typeof log.value === "string" ? log.value : json(log.value),
    log.file ? h("span", { class: "soft mono" }, ` ${log.file}:${log.line}`) : null));
  return [h("h2", {}, "Log"), all.length ? h("ul", { class: "plain" }, all) : h("p", { class: "soft" }, "Nothing."),
    h("h2", {}, "Warnings"), (one.warnings || []).length ? h("ul", { class: "plain" }, one.warnings.map((text) => h("li", {}, text))) : h("p", { class: "soft" }, "None.")];
}

function asked(one) {
  if (!one.trace) return h("p", { class: "soft" }, "This request was not traced.");
  const rows = one.trace.events.map(([kind, text, micro, rows, after, error]) => {
    const statement = one.trace.statements[after];
    return h("tr", {}, h("td", {}, kind === "sql" ? "SQL" : "HTTP"), h("td", {}, pre(text), error ? h("p", { class: "bad" }, error) : null),
      h("td", { class: "number" }, ms(micro / 1e6)), h("td", { class: "number" }, String(rows)), h("td", {}, statement ? `${statement[0]} (line ${statement[2]})` : ""));
  });
  return rows.length ? table(["Kind", "What", "Took", "Rows or status", "Asked by"], rows, { label: "SQL and calls" }) : h("p", { class: "soft" }, "Nothing was asked for.");
}

// Sending --------------------------------------------------------------------------------------------------------------

function bodyText(found) {
  if (!found) return "";
  return "json" in found ? JSON.stringify(found.json, null, 2) : found.text || "";
}

function form(one, go, word) {
  const name = h("input", { type: "text", value: one.uri, spellcheck: "false", class: "mono" });
  const which = select(["GET", "POST", "PUT", "PATCH", "DELETE"], one.verb, () => {});
  const headers = h("textarea", { rows: 4, class: "mono", spellcheck: "false" }, ((one.request || {}).headers || []).join("\n"));
  const text = h("textarea", { rows: 8, class: "mono", spellcheck: "false" }, bodyText((one.request || {}).body));
  const wrong = h("p", { class: "bad", role: "alert" });
  const send = async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    const changes = { verb: which.value, uri: name.value.trim(), headers: headers.value.split("\n").filter((line) => line.trim()), body: text.value };
    try { await go(changes); } catch (error) { wrong.textContent = words(error); }
  };
  return h("form", { class: "stack", onsubmit: send, onkeydown: (event) => { if (event.key === "Enter" && event.ctrlKey) send(event); } },
    h("div", { class: "row grow" }, field("Verb", which), field("Address", name, { class: "field wide" })),
    field("Headers, a line each", headers), field("Body", text),
    h("p", { class: "soft" }, "What is shown as *** is filled in where the server still knows it."), wrong,
    h("div", { class: "row" }, h("button", { type: "submit", class: "main" }, word)));
}

function edit(one, again) {
  dialog("Edit and replay", (close) => [form(one, async (changes) => { await again(changes); close(); }, "Send"), button("Cancel", close)]);
}

export async function newRequest(main, query) {
  const { queries } = await get("queries");
  const start = { verb: query.get("verb") || "GET", uri: query.get("uri") || queries[0]?.path || "/", request: { headers: ["content-type: application/json"], body: null } };
  const list = select([["", "choose a query"], ...queries.map((one) => [`${one.verb} ${one.path}`, `${one.verb} ${one.path}`])], "", (value) => {
    const [verb, uri] = value.split(" ");
    if (uri) location.hash = `#/requests/new?${new URLSearchParams({ verb, uri })}`;
  });
  const go = async (changes) => {
    const sent = await post("requests/send", changes);
    location.hash = `#/requests/${sent.number}`;
  };
  fill(main, h("div", { class: "head" }, button("All requests", () => { location.hash = "#/requests"; }, { class: "quiet" }), h("h1", {}, "New request")),
    field("Query", list), form(start, go, "Send"));
}

// Copying --------------------------------------------------------------------------------------------------------------

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function curl(one) {
  const parts = [`curl -X ${one.verb} ${quoted(location.origin + one.uri)}`];
  const left = ["content-length", "host", "connection", "accept-encoding", "transfer-encoding"];
  for (const line of (one.request || {}).headers || []) {
    if (!left.includes(line.split(":")[0].toLowerCase()) && !line.toLowerCase().startsWith("sec-")) parts.push(`-H ${quoted(line)}`);
  }
  const text = bodyText((one.request || {}).body);
  if (text) parts.push(`--data-raw ${quoted(text)}`);
  return parts.join(" \\\n  ");
}
