// The list of requests, as they come, and one of them whole.

import { add, button, complain, confirm, count, field, fill, h, ms, plural, select, size, table, time } from "./dom.js";
import { get, post } from "./api.js";
import { newRequest, showRequest } from "./request.js";

const FILTERS = ["status", "verb", "kind", "path", "since", "least", "order", "text"];
const SINCE = [["", "any time"], ["900", "last 15 minutes"], ["3600", "last hour"], ["86400", "last day"]];
const LEAST = [["", "any"], ["10", "10 ms or more"], ["100", "100 ms or more"], ["500", "500 ms or more"], ["1000", "1 s or more"], ["10000", "10 s or more"]];
const ORDERS = [["", "newest first"], ["slowest", "slowest first"]];
const KINDS = [["", "all"], ["request", "requests"], ["replay", "replays"], ["unmatched", "unmatched"], ["task", "tasks"],
  ["trigger", "triggers"], ["background", "background runs"], ["run", "runs"]];
const STATUS = [["", "any"], ["failed", "failed"], ["2xx", "2xx"], ["4xx", "4xx"], ["5xx", "5xx"], ["400", "400"], ["401", "401"],
  ["403", "403"], ["404", "404"], ["429", "429"], ["500", "500"]];

export async function show(main, parts, query) {
  if (parts[0] === "new") return newRequest(main, query);
  if (parts[0]) return showRequest(main, parts[0], query);
  const chosen = new Set();
  const wanted = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) || ""]));
  const asked = () => ({ ...wanted, since: wanted.since ? Date.now() - Number(wanted.since) * 1000 : "" });
  const list = h("div", { id: "requests" });
  const state = h("p", { class: "soft", role: "status" });
  const more = h("div", { class: "row" });
  let newest = 0;
  let search = null;

  const change = (name, value) => {
    wanted[name] = value;
    const text = new URLSearchParams(Object.entries(wanted).filter(([, one]) => one)).toString();
    history.replaceState(null, "", `#/requests${text ? `?${text}` : ""}`);
    load();
  };

  async function load() {
    if (search) search.abort();
    search = new AbortController();
    const { signal } = search;
    order.disabled = Boolean(wanted.text);
    order.title = wanted.text ? "a search for a text shows the newest first" : "";
    try {
      const found = await get("requests", { ...asked(), count: 1, limit: 50 }, signal);
      newest = Math.max(newest, ...found.requests.map((one) => one.number));
      const rows = h("tbody", {});
      fill(list, frame(rows, chosen, pick));
      fill(more);
      await put(found, rows, signal, { scanned: 0, kept: found.kept, found: 0 });
      notes(found);
    } catch (error) {
      if (error.name !== "AbortError") complain(error);
    }
  }

  // The rows of an answer; a search for a text goes on a piece at a time until there is a page, or it is stopped.
  async function put(found, rows, signal, so) {
    add(rows, found.requests.map((one) => row(one, chosen, pick)));
    so.scanned += found.scanned || 0;
    so.found += found.requests.length;
    if (!rows.children.length && !found.before) fill(list, empty(wanted));
    if (found.scanned === null || !found.before) {
      if (found.scanned !== null) state.textContent = `Looked through all ${plural(so.scanned, "request")}: ${plural(so.found, "hit")}.`;
      fill(more, found.before ? button("Older requests", () => next(found, rows, so)) : null);
      return;
    }
    if (so.found >= 50) {
      state.textContent = `Looked through ${count(so.scanned)} of ${plural(so.kept, "request")}.`;
      so.found = 0;
      fill(more, button("Look further", () => next(found, rows, so)));
      return;
    }
    state.textContent = `Looking through the texts: ${count(so.scanned)} of ${plural(so.kept, "request")} (no index knows them).`;
    fill(more, button("Stop", () => { search.abort(); state.textContent += " Stopped."; fill(more); }));
    await put(await get("requests", { ...asked(), before: found.before, limit: 50 }, signal), rows, signal, so);
  }

  async function next(found, rows, so) {
    try {
      search = new AbortController();
      await put(await get("requests", { ...asked(), before: found.before, limit: 50 }, search.signal), rows, search.signal, so);
    } catch (error) {
      if (error.name !== "AbortError") complain(error);
    }
  }

  function notes(found) {
    if (found.scanned === null) {
      const dropped = found.dropped ? ` ${count(found.dropped)} were too many at once to be kept.` : "";
      const where = found.lasting ? "" : " They are kept in memory, and gone when the server stops.";
      state.textContent = `${plural(found.kept, "request")} of at most ${count(found.most)} are kept.${where}${dropped}`;
    }
  }

  const picked = h("div", { class: "row", hidden: true });
  function pick() {
    picked.hidden = !chosen.size;
    fill(picked, h("span", {}, `${plural(chosen.size, "request")} chosen`),
      button("Save as a workflow test", async () => {
        const module = await import("./saving.js");
        module.saveWorkflow([...chosen]);
      }),
      button("Choose none", () => { chosen.clear(); pick(); load(); }));
  }

  const order = select(ORDERS, wanted.order, (value) => change("order", value));
  const paths = h("datalist", { id: "paths" });
  const timed = (element, name) => {
    let pending = 0;
    element.addEventListener("input", () => { clearTimeout(pending); pending = setTimeout(() => change(name, element.value.trim()), 250); });
    element.value = wanted[name];
    return element;
  };
  fill(main,
    h("div", { class: "head" }, h("h1", {}, "Requests"),
      h("a", { class: "button", href: "#/requests/new" }, "New request"),
      button("Forget all", async () => {
        if (await confirm("Forget all requests?", "Forget them")) { await post("requests/clear"); newest = 0; load(); }
      })),
    h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      field("Find", timed(h("input", { type: "search", placeholder: "a word of the address, the input, the answer" }), "text"), { class: "field wide" }),
      field("Status", select(STATUS, wanted.status, (value) => change("status", value))),
      field("Verb", select([["", "any"], "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], wanted.verb, (value) => change("verb", value))),
      field("Kind", select(KINDS, wanted.kind, (value) => change("kind", value))),
      field("Path", timed(h("input", { type: "text", list: "paths", placeholder: "any", autocomplete: "off" }), "path")),
      field("When", select(SINCE, wanted.since, (value) => change("since", value))),
      field("Took", select(LEAST, wanted.least, (value) => change("least", value))),
      field("Order", order), paths),
    state, picked, list, more);
  get("requests/paths").then((found) => fill(paths, found.paths.map((one) => h("option", { value: one }))), () => {});
  await load();

  const timer = setInterval(async () => {
    if (document.hidden || wanted.text || list.contains(document.activeElement)) return;
    const found = await get("requests/new", { after: newest }).catch(() => null);
    if (!found || !found.requests.length) return;
    newest = Math.max(newest, found.requests[0].number);
    load();
  }, 1500);
  return () => { clearInterval(timer); if (search) search.abort(); };
}

function empty(wanted) {
  const filtered = Object.values(wanted).some(Boolean);
  return h("div", { class: "empty" },
    h("p", {}, filtered ? "No request is like that." : "No requests yet."),
    filtered ? null : h("p", { class: "soft" }, "They show up here as they come. ", h("a", { href: "#/requests/new" }, "Send one"), " or ",
      h("a", { href: "#/run" }, "run a function"), "."));
}

function frame(rows) {
  const made = table(["", "When", "Request", "Status", "Took", "What"], [], { class: "requests", label: "Requests" });
  made.querySelector("thead td").replaceWith(h("th", { scope: "col" }, h("span", { class: "hidden" }, "Choose")));
  made.querySelector("tbody").replaceWith(rows);
  return made;
}

export function verb(text) {
  return h("span", { class: `verb verb-${text.toLowerCase()}` }, text);
}

export function status(one) {
  const text = one.kind === "task" || one.kind === "trigger" || one.kind === "background" || one.kind === "run"
    ? (one.failed ? "failed" : "done") : String(one.status);
  return h("span", { class: `status ${one.failed ? "bad" : "good"}` }, text);
}

function row(one, chosen, pick) {
  const box = h("input", { type: "checkbox", "aria-label": `Choose request ${one.number}`, checked: chosen.has(one.number),
    onchange: () => { if (box.checked) chosen.add(one.number); else chosen.delete(one.number); pick(); } });
  return h("tr", { class: one.failed ? "failed" : "" },
    h("td", {}, box),
    h("td", { class: "when" }, time(one.at)),
    h("td", { class: "what" }, verb(one.verb), " ",
      h("a", { class: "row-link mono", href: `#/requests/${one.number}` }, one.uri.length > 160 ? `${one.uri.slice(0, 160)}...` : one.uri),
      one.kind === "request" ? null : h("span", { class: "tag" }, one.kind)),
    h("td", {}, status(one)),
    h("td", { class: "number" }, ms(one.duration)),
    h("td", { class: "about" }, one.error ? h("span", { class: "bad" }, one.error) : h("span", { class: "soft" }, size(one.size)), one.traced ? h("span", { class: "tag", title: "its statements were noted" }, "traced") : null));
}
