"use strict";
// The documentation page: reads an OpenAPI document, shows its operations, and sends requests.

const VERBS = ["get", "head", "post", "put", "patch", "delete"];
const $ = (id) => document.getElementById(id);
let spec = null;
// What the document was when it was read last, and the answers that are shown, by operation.
let specTag = null;
const answers = new Map();

// What was typed ------------------------------------------------------------------------------------------------------

// By operation and field. It outlives searches and reloads, secrets only searches.
const typed = new Map(Object.entries(JSON.parse(sessionStorage.getItem("typed") || "{}")));
const secret = new Set();

function keep(input, key, isSecret) {
  if (typed.has(key)) input.value = typed.get(key);
  if (isSecret) secret.add(key);
  input.addEventListener("input", () => {
    typed.set(key, input.value);
    sessionStorage.setItem("typed", JSON.stringify(Object.fromEntries([...typed].filter(([name]) => !secret.has(name)))));
  });
  return input;
}

// Elements -----------------------------------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

// Schemas ------------------------------------------------------------------------------------------------------------

function resolved(schema) {
  let found = schema || {};
  for (let depth = 0; found.$ref && depth < 10; depth += 1) {
    found = found.$ref.slice(2).split("/").reduce((place, key) => (place || {})[key], spec) || {};
  }
  return found;
}

function typeOf(schema) {
  const type = resolved(schema).type;
  return Array.isArray(type) ? type.find((one) => one !== "null") : type;
}

function typeText(schema) {
  const found = resolved(schema);
  if (found.anyOf) return found.anyOf.map(typeText).join(" or ");
  if (found.enum) return found.enum.map((one) => JSON.stringify(one)).join(" | ");
  const kinds = [].concat(found.type || "any");
  return kinds.map((kind) => (kind === "array" ? `list of ${typeText(found.items)}` : kind)).join(" or ");
}

// An example of a value: defaults and first choices, and for the rest what the type begins with.
function example(schema, depth = 0) {
  const found = resolved(schema);
  if (found.default !== undefined) return found.default;
  if (found.enum) return found.enum[0];
  if (found.anyOf) return example(found.anyOf[0], depth);
  switch (typeOf(found)) {
    case "object": {
      const properties = depth > 6 ? [] : Object.entries(found.properties || {});
      return Object.fromEntries(properties.map(([name, one]) => [name, example(one, depth + 1)]));
    }
    case "array":
      return depth > 6 || !found.items || !Object.keys(found.items).length ? [] : [example(found.items, depth + 1)];
    case "integer":
    case "number":
      return found.minimum || 0;
    case "boolean":
      return false;
    case "string":
      return found.format === "email" ? "ann@example.com" : found.format === "date" ? "2026-01-31" : "";
    default:
      return null;
  }
}

// One operation ------------------------------------------------------------------------------------------------------

function fieldFor(schema, label) {
  const found = resolved(schema);
  const choices = found.enum || (typeOf(found) === "boolean" ? ["true", "false"] : null);
  if (choices) {
    return make("select", { "aria-label": label }, make("option", { value: "" }, ""), ...choices.map((one) => make("option", { value: one }, String(one))));
  }
  if (found.format === "binary") return make("input", { type: "file", "aria-label": label });
  if (typeOf(found) === "array" && resolved(found.items).format === "binary") {
    return make("input", { type: "file", multiple: true, "aria-label": label });
  }
  const hint = found.default !== undefined ? String(JSON.stringify(found.default)) : "";
  return make("input", { type: "text", "aria-label": label, placeholder: hint, spellcheck: "false" });
}

function fieldRow(name, schema, required, description, fields, key) {
  const input = fieldFor(schema, name);
  if (input.type !== "file") keep(input, `${key} ${name}`, resolved(schema).format === "password");
  fields.push({ name, schema, input, required });
  const note = [typeText(schema), description].filter(Boolean).join(". ");
  const mark = required ? make("span", { class: "must", title: "required" }, " *") : null;
  return make("tr", {}, make("td", {}, name, mark), make("td", {}, input), make("td", { class: "soft" }, note));
}

function fieldTable(rows) {
  return rows.length ? make("table", { class: "fields" }, make("tbody", {}, ...rows)) : null;
}

function operationView(verb, path, operation) {
  const parameters = [];
  const key = `${verb} ${path}`;
  const rows = (operation.parameters || []).map((one) => {
    const schema = one.schema || (one.content || {})["application/json"].schema;
    const row = fieldRow(one.name, schema, one.required || one.in === "path", one.description, parameters, key);
    Object.assign(parameters[parameters.length - 1], { place: one.in, list: one.name.endsWith("[]") });
    return row;
  });
  const content = (operation.requestBody || {}).content || {};
  const form = content["multipart/form-data"];
  const json = content["application/json"];
  const parts = [];
  const formRows = form
    ? Object.entries(resolved(form.schema).properties || {}).map(([name, schema]) => fieldRow(name, schema, (form.schema.required || []).includes(name), schema.description, parts, key))
    : [];
  const body = json ? make("textarea", { "aria-label": "Body", spellcheck: "false" }) : null;
  if (body) {
    body.value = JSON.stringify(example(json.schema), null, 2);
    keep(body, `${key} body`, JSON.stringify(json.schema).includes('"password"'));
  }
  if (!answers.has(key)) answers.set(key, make("div", { "aria-live": "polite" }));
  const answer = answers.get(key);
  const request = () => buildRequest(verb, path, parameters, parts, body);
  // With what is wrong in words, or with the request.
  const checked = (act) => () => {
    const wrong = complaints(parameters, parts, body, json);
    if (wrong.length) show(answer, make("ul", { class: "bad", role: "alert" }, ...wrong.map((one) => make("li", {}, one))));
    else act(request());
  };
  const send = make("button", { class: "send", type: "button" }, "Send");
  send.addEventListener("click", checked((made) => run(made, answer, send)));
  const copies = { curl: curlText, JavaScript: scriptText, "workflow test": (made) => testText(made, verb, path, operation) };
  const copying = Object.entries(copies).map(([name, text]) => make("button", { type: "button", onclick: checked((made) => copy(answer, text(made))) }, `As ${name}`));
  return make(
    "div",
    { class: "inside" },
    operation.description ? make("p", { class: "text" }, operation.description) : null,
    operation["x-file"] ? make("p", { class: "soft" }, operation["x-file"]) : null,
    rows.length ? make("h3", {}, "Parameters") : null,
    fieldTable(rows),
    json || form ? make("h3", {}, "Body") : null,
    fieldTable(formRows),
    body,
    json ? propertyNotes(json.schema) : null,
    make("div", { class: "row" }, send, ...copying),
    answer,
    make("h3", {}, "Answers"),
    ...Object.entries(operation.responses || {}).map(([status, response]) => responseView(status, response)),
  );
}

function propertyNotes(schema) {
  const found = resolved(schema);
  const names = Object.entries(found.properties || {});
  if (!names.length) return null;
  const rows = names.map(([name, one]) => {
    const mark = (found.required || []).includes(name) ? make("span", { class: "must", title: "required" }, " *") : null;
    return make("tr", {}, make("td", { class: "mono" }, name, mark), make("td", { class: "soft" }, [typeText(one), one.description].filter(Boolean).join(". ")));
  });
  return make("table", {}, make("tbody", {}, ...rows));
}

function responseView(status, response) {
  const [type, media] = Object.entries(response.content || {})[0] || [];
  const schema = media && media.schema;
  const known = schema && Object.keys(schema).length && Number(status) < 400;
  const line = make("span", {}, make("code", {}, status), ` ${response.description || ""} `, known ? typeText(schema) : type && Number(status) < 400 ? type : "");
  if (!known) return make("p", { class: "soft" }, line);
  return make("details", {}, make("summary", { class: "soft" }, line), make("pre", {}, JSON.stringify(example(schema), null, 2)));
}

// What is missing ----------------------------------------------------------------------------------------------------

// What is wrong with what was typed, in words; the fields are marked.
function complaints(parameters, parts, body, json) {
  const wrong = [];
  for (const { name, input, required } of [...parameters, ...parts]) {
    const missing = required && (input.type === "file" ? !input.files.length : input.value.trim() === "");
    input.toggleAttribute("aria-invalid", missing);
    if (missing) wrong.push(input.type === "file" ? `${name} is required: choose a file` : `${name} is required`);
  }
  if (body) {
    const found = bodyComplaints(body.value, json.schema);
    body.toggleAttribute("aria-invalid", found.length > 0);
    wrong.push(...found);
  }
  return wrong;
}

function bodyComplaints(text, schema) {
  const known = resolved(schema);
  if (!text.trim()) return (known.required || []).map((name) => `${name} is required`);
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return [`The body is not JSON: ${error.message}`];
  }
  if (!value || typeof value !== "object" || Array.isArray(value)) return [];
  const empty = (name) => value[name] === undefined || (value[name] === "" && typeOf((known.properties || {})[name]) === "string");
  return (known.required || []).filter(empty).map((name) => `${name} is required`);
}

// Copying ------------------------------------------------------------------------------------------------------------

function copy(place, text) {
  const button = make("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  show(place, make("pre", {}, text), button);
}

function scriptText({ address, options }) {
  const { method, headers, body } = options;
  const lines = [];
  let sent = null;
  if (body instanceof FormData) {
    lines.push("const body = new FormData();");
    for (const [name, value] of body) lines.push(`body.append(${JSON.stringify(name)}, ${value instanceof File ? `/* ${value.name} */ file` : JSON.stringify(value)});`);
    sent = "body";
  } else if (body) sent = `JSON.stringify(${JSON.stringify(JSON.parse(body), null, 2).replaceAll("\n", "\n  ")})`;
  lines.push(`const response = await fetch(${JSON.stringify(address)}, {`, `  method: ${JSON.stringify(method)},`);
  if (Object.keys(headers).length) lines.push(`  headers: ${JSON.stringify(headers, null, 2).replaceAll("\n", "\n  ")},`);
  if (sent) lines.push(`  body: ${sent},`);
  lines.push("});", "const result = await response.json();");
  return lines.join("\n");
}

// All inputs of a request by name, wherever they stand in it.
function inputsOf({ address, options }, path) {
  const inputs = {};
  const { pathname, searchParams } = new URL(address);
  const names = [...path.matchAll(/{([^{}/]+)}/g)].map((one) => one[1]);
  const pattern = path.split(/{[^{}/]+}/).map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("([^/]+)");
  const found = pathname.slice(new URL(baseAddress()).pathname.replace(/\/$/, "").length).match(new RegExp(`^${pattern}$`));
  names.forEach((name, index) => (inputs[name] = plain(decodeURIComponent(found ? found[index + 1] : ""))));
  for (const [name, value] of searchParams) {
    if (name.endsWith("[]")) (inputs[name.slice(0, -2)] ||= []).push(plain(value));
    else inputs[name] = plain(value);
  }
  if (options.body instanceof FormData) for (const [name, value] of options.body) inputs[name] = value instanceof File ? null : plain(value);
  else if (options.body) Object.assign(inputs, JSON.parse(options.body));
  return inputs;
}

function plain(text) {
  return /^-?(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text === "true" || text === "false" ? text === "true" : text;
}

function testText(made, verb, path, operation) {
  const name = path.replace(/^\/(api:[^/]+\/)?/, "");
  const input = Object.keys(inputsOf(made, path)).length ? [`      input = ${JSON.stringify(inputsOf(made, path), null, 2).replaceAll("\n", "\n      ")}`] : [];
  return [
    `workflow_test ${JSON.stringify(`${verb.toUpperCase()} ${name}`)} {`,
    "  stack {",
    `    api.call ${JSON.stringify(name)} verb=${verb.toUpperCase()} {`,
    `      api_group = ${JSON.stringify((operation.tags || ["default"])[0])}`,
    ...input,
    "    } as $response",
    "",
    "    expect.to_be_defined ($response)",
    "  }",
    "}",
  ].join("\n");
}

// Sending ------------------------------------------------------------------------------------------------------------

function baseAddress() {
  const given = ((spec.servers || [])[0] || {}).url || "";
  return location.origin + new URL(given || "/", location.origin).pathname.replace(/\/$/, "");
}

function buildRequest(verb, path, parameters, parts, body) {
  const query = [];
  let filled = path;
  for (const { name, input, place, list } of parameters) {
    const value = input.value;
    if (place === "path") filled = filled.replaceAll(`{${name}}`, encodeURIComponent(value));
    else if (value !== "") {
      const values = list ? value.split(",").map((one) => one.trim()) : [value];
      query.push(...values.map((one) => `${encodeURIComponent(name).replaceAll("%5B%5D", "[]")}=${encodeURIComponent(one)}`));
    }
  }
  const headers = {};
  if ($("token").value.trim()) headers.Authorization = `Bearer ${$("token").value.trim()}`;
  if ($("datasource").value.trim()) headers["X-Data-Source"] = $("datasource").value.trim();
  let payload;
  if (parts.length) {
    payload = new FormData();
    for (const { name, input } of parts) {
      if (input.type === "file") for (const file of input.files) payload.append(input.multiple ? `${name}[]` : name, file);
      else if (input.value !== "") payload.append(name, input.value);
    }
  } else if (body && body.value.trim()) {
    headers["Content-Type"] = "application/json";
    payload = body.value;
  }
  const address = baseAddress() + filled + (query.length ? `?${query.join("&")}` : "");
  return { address, options: { method: verb.toUpperCase(), headers, body: payload } };
}

function quoted(text) {
  return `'${String(text).replaceAll("'", "'\\''")}'`;
}

function curlText({ address, options }) {
  const words = ["curl", "-X", options.method, quoted(address)];
  for (const [name, value] of Object.entries(options.headers)) words.push("-H", quoted(`${name}: ${value}`));
  if (options.body instanceof FormData) {
    for (const [name, value] of options.body) words.push("-F", quoted(`${name}=${value instanceof File ? `@${value.name}` : value}`));
  } else if (options.body) words.push("-d", quoted(options.body));
  return words.join(" ");
}

function show(place, ...children) {
  place.replaceChildren(...children.filter((child) => child != null && child !== ""));
}

async function run({ address, options }, place, button) {
  button.disabled = true;
  const begun = performance.now();
  try {
    const response = await fetch(address, options);
    const text = await response.text();
    const took = performance.now() - begun;
    const good = response.status < 400;
    const type = response.headers.get("content-type") || "";
    const at = response.headers.get("x-xsrun-at");
    const hint = response.headers.get("x-xsrun-hint");
    let value;
    let shown = text;
    if (type.includes("json") && text) {
      value = JSON.parse(text);
      shown = JSON.stringify(value, null, 2);
    }
    show(
      place,
      make("p", {}, make("span", { class: `status ${good ? "good" : "bad"}` }, `${response.status} ${response.statusText}`), make("span", { class: "soft" }, `  ${took.toFixed(0)} ms  ${text.length} characters  ${type}`)),
      at ? make("p", { class: "bad" }, `at ${at}`) : null,
      hint ? make("p", {}, hint) : null,
      make("pre", {}, shown || "(no body)"),
      tokenButton(value),
    );
  } catch (error) {
    show(place, make("p", { class: "bad" }, `${error}`));
  } finally {
    button.disabled = false;
    loadHistory();
  }
}

function tokenButton(value) {
  const token = value && typeof value === "object" && typeof value.authToken === "string" ? value.authToken : null;
  if (!token) return "";
  const use = () => {
    $("token").value = token;
    sessionStorage.setItem("token", token);
  };
  return make("button", { type: "button", onclick: use }, "Use this token");
}

// The page -----------------------------------------------------------------------------------------------------------

function render() {
  document.title = spec.info.title;
  $("title").textContent = spec.info.title;
  $("about").textContent = spec.info.description || "";
  const wanted = $("find").value.trim().toLowerCase();
  const groups = new Map((spec.tags || []).map((tag) => [tag.name, { about: tag.description, items: [] }]));
  for (const [path, verbs] of Object.entries(spec.paths || {})) {
    for (const verb of VERBS) {
      const operation = verbs[verb];
      if (!operation) continue;
      const text = `${verb} ${path} ${operation.summary || ""} ${operation.description || ""}`.toLowerCase();
      if (!text.includes(wanted)) continue;
      const name = (operation.tags || ["queries"])[0];
      if (!groups.has(name)) groups.set(name, { items: [] });
      groups.get(name).items.push([verb, path, operation]);
    }
  }
  const sections = [];
  const links = [];
  for (const [name, { about, items }] of groups) {
    if (!items.length) continue;
    const id = `group-${links.length}`;
    links.push(make("a", { href: `#${id}` }, `${name} (${items.length})`));
    sections.push(make("h2", { id }, name), about ? make("p", { class: "soft" }, about) : "", ...items.map((item) => card(...item)));
  }
  show($("groups"), ...(links.length > 1 ? links : []));
  show($("operations"), ...(sections.length ? sections : [make("p", { class: "soft" }, wanted ? "Nothing fits." : "There are no queries.")]));
}

// The operations that are open.
const opened = new Set(JSON.parse(sessionStorage.getItem("opened") || "[]"));
// The cards that were made for a document: a search takes them as they are, with the files that were chosen.
let cards = new Map();

function card(verb, path, operation) {
  const key = `${verb} ${path}`;
  const text = JSON.stringify([operation, spec.components]);
  const known = cards.get(key);
  if (known && known.text === text) return known.element;
  const element = makeCard(verb, path, operation);
  cards.set(key, { text, element });
  return element;
}

function makeCard(verb, path, operation) {
  const summary = operation.summary && operation.summary !== `${verb.toUpperCase()} ${path.split("/").slice(1).join("/")}` ? operation.summary : "";
  const lock = operation.security ? make("span", { class: "lock", title: "needs a token" }, "token") : null;
  const head = make("summary", {}, make("span", { class: `verb ${verb}` }, verb.toUpperCase()), make("span", { class: "path" }, path), lock, make("span", { class: "soft" }, summary));
  const details = make("details", { class: "operation", id: `op-${operation.operationId}` }, head);
  const key = `${verb} ${path}`;
  const fill = () => {
    if (details.open && details.children.length === 1) details.append(operationView(verb, path, operation));
    if (details.open) opened.add(key);
    else opened.delete(key);
    sessionStorage.setItem("opened", JSON.stringify([...opened]));
  };
  details.addEventListener("toggle", fill);
  if (opened.has(key)) {
    details.open = true;
    fill();
  }
  return details;
}

function openLinked() {
  const linked = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (linked && linked.tagName === "DETAILS") {
    linked.open = true;
    linked.scrollIntoView();
  }
}

async function loadHistory() {
  let entries = [];
  try {
    const response = await fetch("/xsrun/history");
    if (!response.ok) return;
    entries = (await response.json()).entries.slice(0, 30);
  } catch {
    return;
  }
  $("history").hidden = false;
  const rows = entries.map((one) => {
    const place = one.error && one.error.file ? `${one.error.file}:${one.error.line} ` : "";
    const note = one.error ? `${place}${one.error.message}` : one.logs.map((log) => JSON.stringify(log.value)).join(" ");
    return make(
      "tr",
      {},
      make("td", { class: "mono" }, new Date(one.at).toLocaleTimeString()),
      make("td", { class: `status ${one.status < 400 ? "good" : "bad"}` }, String(one.status)),
      make("td", { class: "mono" }, `${one.verb} ${one.uri}`),
      make("td", {}, `${(one.duration * 1000).toFixed(1)} ms`),
      make("td", { class: "soft" }, note),
    );
  });
  show($("entries"), rows.length ? make("table", {}, make("tbody", {}, ...rows)) : make("p", { class: "soft" }, "None yet."));
}

async function start() {
  const address = location.pathname.startsWith("/api:") ? location.pathname.replace(/^\/api:/, "/apispec:").replace(/\/$/, "") + `?type=json${location.search.replace("?", "&")}` : "/xsrun/openapi.json";
  $("spec").href = address;
  $("token").value = sessionStorage.getItem("token") || "";
  $("token").addEventListener("change", () => sessionStorage.setItem("token", $("token").value));
  $("find").addEventListener("input", render);
  $("refresh").addEventListener("click", loadHistory);
  try {
    await readDocument(address);
    openLinked();
    window.addEventListener("hashchange", openLinked);
    setInterval(() => document.visibilityState === "visible" && readDocument(address).catch(() => {}), 1000);
  } catch (error) {
    show($("operations"), make("p", { class: "bad" }, `The document cannot be read: ${error.message}`));
  }
  loadHistory();
}

// Read the document, if it is another one than before: a query that was saved appears by itself.
async function readDocument(address) {
  const response = await fetch(address, specTag ? { headers: { "If-None-Match": specTag } } : {});
  if (response.status === 304) return;
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const tag = response.headers.get("etag");
  const found = await response.json();
  if (spec && tag && tag === specTag) return;
  specTag = tag;
  spec = found;
  render();
}

start();
