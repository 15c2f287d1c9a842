"use strict";
// Search over INDEX (search-index.js), as `xsrun docs --search` does it; the theme; the keys.

const WEIGHTS = [40, 16, 4];
const COUNTED = 4;
const COMMON = new Set("a an and are as at be by do does for from how i in is it of on or the to what with".split(" "));

function score(entry, words) {
  const places = [entry.names, entry.summary.toLowerCase(), entry.text];
  let matched = 0, total = 0;
  for (const word of words) {
    const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const begins = new RegExp(`(?<![a-z0-9])${escaped}([a-z0-9]*)`, "g");
    let points = 0;
    places.forEach((text, i) => {
      const found = [...text.matchAll(begins)].slice(0, COUNTED);
      points += Math.floor(found.reduce((sum, one) => sum + (one[1] ? WEIGHTS[i] / 2 : WEIGHTS[i]), 0));
    });
    matched += points ? 1 : 0;
    total += points;
  }
  return [matched, total];
}

function search(text) {
  const given = text.toLowerCase().split(/\s+/).filter(Boolean);
  const telling = given.filter((word) => !COMMON.has(word));
  const words = telling.length ? telling : given;
  if (!words.length) return [];
  const scored = INDEX.map((entry) => [...score(entry, words), entry]);
  const most = Math.max(...scored.map(([matched]) => matched));
  return scored.filter(([matched]) => matched && matched === most).sort((a, b) => b[1] - a[1]).map(([, , entry]) => entry);
}

function show(entries, box, asked) {
  box.replaceChildren();
  box.hidden = !asked;
  const list = document.createElement("ul");
  for (const entry of entries.slice(0, 30)) {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = entry.href;
    const name = document.createElement("b"), kind = document.createElement("i"), about = document.createElement("span");
    name.textContent = entry.name;
    kind.textContent = entry.kind;
    about.textContent = entry.name === entry.summary ? "" : entry.summary;
    link.append(name, " ", kind, " ", about);
    item.append(link);
    list.append(item);
  }
  const told = document.createElement("p");
  told.textContent = entries.length ? `${entries.length} found` : "nothing found";
  box.append(told, list);
}

function start() {
  const words = document.getElementById("words"), box = document.getElementById("results");
  const hide = () => { box.hidden = true; };
  words.addEventListener("input", () => show(search(words.value), box, words.value.trim() !== ""));
  document.getElementById("search").addEventListener("submit", (event) => {
    event.preventDefault();
    box.querySelector("a")?.click();
  });
  box.addEventListener("click", (event) => { if (event.target.closest("a")) hide(); });
  document.addEventListener("keydown", (event) => {
    const typing = /^(input|textarea|select)$/i.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); words.focus(); }
    if (event.key === "Escape") { hide(); words.blur(); }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const links = [words, ...box.querySelectorAll("a")], at = links.indexOf(document.activeElement);
      if (box.hidden || at < 0) return;
      event.preventDefault();
      links[(at + (event.key === "ArrowDown" ? 1 : links.length - 1)) % links.length].focus();
    }
  });
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme || (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a browser that keeps nothing */ }
  });
  document.querySelector('nav [aria-current="page"]')?.scrollIntoView({ block: "nearest" });
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) { words.value = asked; show(search(asked), box, true); }
}

if (typeof document !== "undefined") start();
