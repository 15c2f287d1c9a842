// A form made from declared fields: types, enums, files, lists, nested objects. `value()` gives what was filled in.

import { button, field, h, select } from "./dom.js";

const SAMPLE = { json: "{}", geo_point: "", vector: "[]" };

export function inputs(fields, start = {}) {
  const made = fields.map((one) => [one, control(one, start[one.name])]);
  const element = h("div", { class: "stack" }, made.map(([, one]) => one.element));
  return {
    element,
    async value() {
      const found = {};
      for (const [one, control] of made) {
        const value = await control.value();
        if (value !== undefined) found[one.name] = value;
      }
      return found;
    },
  };
}

function label(one) {
  const type = `${one.type}${one.list ? "[]" : ""}${one.nullable ? "?" : ""}`;
  return `${one.name} (${type}${one.required ? ", required" : ""})`;
}

function control(one, start) {
  if (one.fields && one.fields.length && !one.list) {
    const inner = inputs(one.fields, start && typeof start === "object" ? start : {});
    return { element: h("fieldset", {}, h("legend", {}, label(one)), inner.element), value: async () => {
      const found = await inner.value();
      return Object.keys(found).length || one.required ? found : undefined;
    } };
  }
  if (one.type === "file" || ["image", "video", "audio", "attachment"].includes(one.type)) return files(one);
  if (one.list && one.type !== "json" && !(one.fields || []).length) return list(one, start);
  return single(one, start);
}

function single(one, start) {
  const given = start === undefined || start === null ? "" : typeof start === "object" ? JSON.stringify(start, null, 2) : String(start);
  let box;
  if (one.type === "bool" && !one.list) box = select([["", "not given"], "true", "false"], given, () => {});
  else if (one.values && one.values.length && !one.list) box = select([["", "not given"], ...one.values.map((value) => [value, value])], given, () => {});
  else if (one.type === "json" || one.list || (one.fields || []).length || one.type === "object") box = h("textarea", { rows: 4, class: "mono", spellcheck: "false", placeholder: SAMPLE[one.type] || "" }, given);
  else if (one.type === "text" && (given.length > 60 || /text|body|message|content|description/.test(one.name))) box = h("textarea", { rows: 3 }, given);
  else box = h("input", { type: one.sensitive ? "password" : "text", value: given, autocomplete: "off", placeholder: one.default != null ? `default ${JSON.stringify(one.default)}` : one.now ? "default now" : "", inputmode: ["int", "decimal"].includes(one.type) ? "decimal" : null });
  if (one.description) box.title = one.description;
  return { element: field(label(one), box), value: async () => read(one, box.value) };
}

function read(one, text) {
  if (text === "") return one.required && one.type === "text" && !one.list ? "" : undefined;
  if (one.type === "bool") return text === "true";
  if (one.type === "json" || one.type === "object" || one.list || (one.fields || []).length || one.type.startsWith("geo_") || one.type === "vector") {
    try { return JSON.parse(text); } catch (error) {
      if (one.type === "json") return text;
      throw new Error(`${one.name}: this is not JSON (${error.message})`);
    }
  }
  if (one.type === "int" && /^-?\d{1,15}$/.test(text.trim())) return Number(text);
  if (one.type === "decimal" && /^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  return text;
}

function list(one, start) {
  const rows = [];
  const place = h("div", { class: "stack" });
  const more = (value) => {
    const item = single({ ...one, list: false, name: `${one.name}[${rows.length}]`, required: false }, value);
    rows.push(item);
    const row = h("div", { class: "row grow" }, item.element, button("Remove", () => { rows.splice(rows.indexOf(item), 1); row.remove(); }));
    place.append(row);
  };
  for (const value of Array.isArray(start) ? start : []) more(value);
  return { element: h("fieldset", {}, h("legend", {}, label(one)), place, button("Add an item", () => more())), value: async () => {
    const found = [];
    for (const item of rows) { const value = await item.value(); if (value !== undefined) found.push(value); }
    return found.length || one.required ? found : undefined;
  } };
}

function files(one) {
  const box = h("input", { type: "file", multiple: one.list });
  return { element: field(label(one), box), value: async () => {
    const found = await Promise.all([...box.files].map(async (file) => ({ file: file.name, mime: file.type, base64: await base64(file) })));
    return one.list ? (found.length ? found : undefined) : found[0];
  } };
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",", 2)[1] || "");
    reader.onerror = () => reject(new Error(`${file.name} cannot be read`));
    reader.readAsDataURL(file);
  });
}
