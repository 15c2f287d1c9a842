// The stored files.

import { button, complain, confirm, fill, h, plural, size, table, time } from "./dom.js";
import { get, post } from "./api.js";

export async function show(main, parts) {
  const { files, all } = await get("files");
  const remove = async (one) => {
    if (!await confirm(`Delete ${one.name}?`, "Delete")) return;
    try { await post("files/delete", { path: one.path }); show(main, parts); } catch (error) { complain(error); }
  };
  fill(main, h("div", { class: "head" }, h("h1", {}, "Files"), button("Look again", () => show(main, parts))),
    h("p", { class: "soft" }, `${plural(all, "file")} in the vault${all > files.length ? `, the latest ${files.length} shown` : ""}.`),
    files.length ? table(["Name", "Access", "Type", "Size", "When", ""], files.map((one) => h("tr", {},
      h("td", {}, one.picture ? h("img", { src: one.url, alt: "", width: 48, height: 36, loading: "lazy", class: "thumb" }) : null, h("a", { class: "row-link", href: one.url, download: one.picture ? null : one.name, target: one.picture ? "_blank" : null, rel: "noopener" }, one.name), h("div", { class: "mono soft" }, one.path)),
      h("td", {}, one.access), h("td", {}, one.mime), h("td", { class: "number" }, size(one.size)), h("td", {}, time(one.at)), h("td", {}, button("Delete", () => remove(one), { "aria-label": `Delete ${one.name}` })))), { label: "Files" })
      : h("p", { class: "empty" }, "Nothing is stored yet."));
}
