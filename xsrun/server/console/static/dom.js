// Elements, small widgets and formats. Texts of programs go into the page as text nodes only, never as markup.

export const $ = (id) => document.getElementById(id);

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (name === "checked") element.checked = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  return add(element, ...children);
}

export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value != null) element.setAttribute(name, value);
  }
  return add(element, ...children);
}

export function add(element, ...children) {
  for (const child of children.flat(Infinity)) if (child != null && child !== false) element.append(child);
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren();
  return add(element, ...children);
}

export const button = (text, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, text);

export function field(label, control, more = {}) {
  return h("label", { class: "field", ...more }, h("span", {}, label), control);
}

export function select(options, value, onchange, attributes = {}) {
  const made = h("select", { onchange: () => onchange(made.value), ...attributes });
  for (const one of options) {
    const [key, text] = Array.isArray(one) ? one : [one, one];
    made.append(h("option", { value: key }, text));
  }
  made.value = value;
  return made;
}

export function table(heads, rows, attributes = {}) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": attributes.label || "Table" },
    h("table", { class: attributes.class || "" },
      h("thead", {}, h("tr", {}, heads.map((one) => (one instanceof Node ? one : one === "" ? h("td") : h("th", { scope: "col" }, one))))),
      h("tbody", {}, rows)));
}

export function pre(text, attributes = {}) {
  return h("pre", { tabindex: "0", role: "group", "aria-label": "Text", ...attributes }, text);
}

// Tabs: `tabs` are [name, title, make]; the chosen one is made when it is first looked at.
export function tabs(label, tabs, chosen = tabs[0][0]) {
  const panels = h("div", {});
  const list = h("div", { role: "tablist", "aria-label": label, class: "tabs" });
  const show = (name, focus) => {
    for (const one of list.children) {
      const on = one.dataset.name === name;
      one.setAttribute("aria-selected", on);
      one.tabIndex = on ? 0 : -1;
      if (on && focus) one.focus();
    }
    for (const [key, , make] of tabs) {
      let panel = [...panels.children].find((one) => one.dataset.name === key);
      if (key === name && !panel) {
        panel = h("div", { role: "tabpanel", "data-name": key, "aria-labelledby": `tab-${key}`, id: `panel-${key}` }, make());
        panels.append(panel);
      }
      if (panel) panel.hidden = key !== name;
    }
  };
  tabs.forEach(([name, title], index) => {
    list.append(h("button", {
      type: "button", role: "tab", id: `tab-${name}`, "data-name": name, onclick: () => show(name),
      onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) show(tabs[(index + step + tabs.length) % tabs.length][0], true);
      },
    }, title));
  });
  show(chosen);
  const made = h("div", { class: "tabbed" }, list, panels);
  made.show = show;
  return made;
}

// A dialog; `make` gets the function that closes it.
export function dialog(title, make) {
  const made = h("dialog", { "aria-label": title });
  const close = () => { made.close(); made.remove(); };
  add(made, h("h2", {}, title), make(close));
  made.addEventListener("close", () => made.remove());
  document.body.append(made);
  made.showModal();
  return made;
}

export function confirm(text, word) {
  return new Promise((resolve) => {
    const made = dialog(text, (close) => h("div", { class: "row" },
      button(word, () => { resolve(true); close(); }, { class: "danger" }),
      button("Leave it", () => { resolve(false); close(); })));
    made.addEventListener("close", () => resolve(false));
  });
}

let told = 0;
export function tell(text, bad = false) {
  const place = $("toast");
  fill(place, text);
  place.className = bad ? "bad shown" : "shown";
  clearTimeout(told);
  told = setTimeout(() => { place.className = ""; }, bad ? 9000 : 4000);
}

// What is wrong and what to do about it.
export const words = (error) => (error.hint ? `${error.message} (${error.hint})` : error.message);
export const complain = (error) => tell(words(error), true);

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    tell(`${what} is copied.`);
  } catch {
    dialog(what, (close) => [h("textarea", { rows: 10, readonly: true, "aria-label": what }, text), button("Close", close)]);
  }
}

export function download(name, parts, type) {
  const link = h("a", { href: URL.createObjectURL(new Blob(parts, { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// Formats --------------------------------------------------------------------------------------------------------------

export function ms(seconds) {
  if (seconds >= 10) return `${seconds.toFixed(1)} s`;
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  const milliseconds = seconds * 1000;
  return milliseconds >= 10 ? `${milliseconds.toFixed(0)} ms` : `${milliseconds.toFixed(milliseconds >= 1 ? 1 : 2)} ms`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1048576) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1048576).toFixed(1)} MB`;
}

export const count = (number) => Number(number).toLocaleString("en");

export function time(at) {
  const date = new Date(at);
  const day = date.toDateString() === new Date().toDateString() ? "" : `${date.toLocaleDateString("sv")} `;
  const text = `${day}${date.toLocaleTimeString("sv")}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return h("time", { datetime: date.toISOString(), title: date.toISOString() }, text);
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// A JSON value as a tree that opens and closes.
export function json(value, open = 2) {
  return h("div", { class: "json" }, node(value, open));
}

const MOST = 200;

function node(value, open, name) {
  const label = name === undefined ? null : [h("span", { class: "key" }, String(name)), ": "];
  if (value === null || typeof value !== "object") return h("div", {}, label, leaf(value));
  const entries = Array.isArray(value) ? value.map((one, index) => [index, one]) : Object.entries(value);
  const shut = Array.isArray(value) ? `[ ${plural(entries.length, "item")} ]` : `{ ${plural(entries.length, "key")} }`;
  if (!entries.length) return h("div", {}, label, h("span", { class: "soft" }, Array.isArray(value) ? "[]" : "{}"));
  const made = h("details", {}, h("summary", {}, label, h("span", { class: "soft" }, shut)));
  const grow = (from) => {
    add(made, entries.slice(from, from + MOST).map(([key, one]) => node(one, open - 1, key)));
    if (entries.length > from + MOST) {
      const more = button(`${count(entries.length - from - MOST)} more`, () => { more.remove(); grow(from + MOST); });
      made.append(more);
    }
  };
  let grown = false;
  const once = () => { if (!grown) { grown = true; grow(0); } };
  made.addEventListener("toggle", once);
  if (open > 0) { made.open = true; once(); }
  return made;
}

function leaf(value) {
  const kind = value === null ? "null" : typeof value;
  return h("span", { class: `v-${kind}` }, JSON.stringify(value));
}
