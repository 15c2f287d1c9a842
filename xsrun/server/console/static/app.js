// The page: which view an address shows, the navigation, keys, theme.

import { $, add, button, complain, dialog, fill, h, words } from "./dom.js";
import { get } from "./api.js";

// name, title, module, key
const VIEWS = [
  ["requests", "Requests", "./requests.js", "r"],
  ["run", "Run", "./run.js", "u"],
  ["data", "Data", "./data.js", "d"],
  ["checks", "Checks", "./checks.js", "c"],
  ["tests", "Tests", "./tests.js", "t"],
  ["api", "API", "./groups.js", "a"],
  ["outbox", "Outbox", "./outbox.js", "o"],
  ["files", "Files", "./files.js", "f"],
  ["cache", "Cache", "./cache.js", "k"],
  ["realtime", "Realtime", "./realtime.js", "l"],
  ["environment", "Environment", "./environment.js", "e"],
];

let leave = null;
let showing = 0;

async function show() {
  const turn = (showing += 1);
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  const view = VIEWS.find(([name]) => name === parts[0]) || VIEWS[0];
  for (const link of $("nav").querySelectorAll("a")) {
    if (link.dataset.name === view[0]) {
      link.setAttribute("aria-current", "page");
      $("nav").scrollLeft = link.offsetLeft - ($("nav").clientWidth - link.offsetWidth) / 2; // a row of them is wider than a phone
    }
    else link.removeAttribute("aria-current");
  }
  document.title = `${view[1]} - xsrun`;
  for (const one of document.querySelectorAll("dialog[open]")) one.close(); // of the view before
  if (leave) leave();
  leave = null;
  const main = $("main");
  main.dataset.view = view[0];
  delete main.dataset.ready;
  try {
    const module = await import(view[2]);
    if (turn !== showing) return;
    const place = h("div", {}); // of its own, so that a view which was left fills nothing here
    fill(main, place);
    const ended = await module.show(place, parts.slice(1), new URLSearchParams(query));
    if (turn === showing) main.dataset.ready = `#/${path}`;
    if (typeof ended !== "function") return;
    if (turn === showing) leave = ended;
    else ended();
  } catch (error) {
    if (turn === showing) fill(main, h("h1", {}, view[1]), h("p", { class: "problem", role: "alert" }, words(error)));
    if (!error.status && error.name !== "ApiError" && error.status !== 0) console.error(error);
  }
}

function navigation() {
  add($("nav"), VIEWS.map(([name, title]) => h("a", { href: `#/${name}`, "data-name": name }, title)));
}

// Theme ----------------------------------------------------------------------------------------------------------------

const THEMES = { "": "As the system", light: "Light", dark: "Dark" };

function theme() {
  const stored = localStorage.getItem("xsrun-theme") || "";
  const use = (name) => {
    document.documentElement.dataset.theme = name;
    $("theme").textContent = `Theme: ${THEMES[name].toLowerCase()}`;
  };
  use(THEMES[stored] ? stored : "");
  $("theme").addEventListener("click", () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
    localStorage.setItem("xsrun-theme", next);
    use(next);
  });
}

// Keys -----------------------------------------------------------------------------------------------------------------

function keys() {
  const rows = [
    ...VIEWS.map(([, title, , key]) => [`g ${key}`, title]),
    ["/", "search"], ["j, k", "next and previous row"], ["Enter", "open the row"],
    ["←, →", "a step of the timeline back and forth"], ["Ctrl+Enter", "send, run"], ["Ctrl+S", "save the file"], ["?", "this list"],
  ];
  dialog("Keys", (close) => [
    h("dl", { class: "keys" }, rows.map(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)])),
    button("Close", close, { autofocus: true }),
  ]);
}

let going = false;
function onKey(event) {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (going) {
    going = false;
    const view = VIEWS.find(([, , , key]) => key === event.key);
    if (view) location.hash = `#/${view[0]}`;
    return;
  }
  if (event.key === "g") going = true;
  else if (event.key === "?") keys();
  else if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  } else if (event.key === "j" || event.key === "k") {
    const rows = [...document.querySelectorAll("a.row-link")].filter((one) => one.offsetParent);
    const index = rows.indexOf(document.activeElement);
    const next = rows[index === -1 ? 0 : index + (event.key === "j" ? 1 : -1)];
    if (next) next.focus();
  }
}

document.addEventListener("keydown", onKey);
$("keys").addEventListener("click", keys);
window.addEventListener("hashchange", () => { show(); $("main").focus({ preventScroll: true }); });
navigation();
theme();
show();
get("about").then((about) => { $("workspace").textContent = about.name; }, complain);
