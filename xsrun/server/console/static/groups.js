// The API groups, their queries, and where their OpenAPI documents are.

import { fill, h, table } from "./dom.js";
import { get } from "./api.js";
import { verb } from "./requests.js";

export async function show(main) {
  const { queries } = await get("queries");
  const groups = new Map();
  for (const one of queries) groups.set(one.group, [...(groups.get(one.group) || []), one]);
  fill(main, h("div", { class: "head" }, h("h1", {}, "API"), h("a", { class: "button", href: "/", target: "_blank", rel: "noopener" }, "Documentation of all groups")),
    groups.size ? null : h("p", { class: "empty" }, "This workspace has no queries."),
    [...groups].map(([name, some]) => {
      const base = some[0].path.split("/").slice(0, 2).join("/");
      const canonical = base.slice("/api:".length);
      return h("section", {}, h("h2", {}, name),
        h("p", {}, h("code", {}, base), " ", h("a", { href: base, target: "_blank", rel: "noopener" }, "OpenAPI page"), " ", h("a", { href: `/apispec:${canonical}`, target: "_blank", rel: "noopener" }, "document")),
        table(["Query", "File", ""], some.map((one) => h("tr", {}, h("td", {}, verb(one.verb), " ", h("a", { class: "row-link mono", href: `#/requests/new?${new URLSearchParams({ verb: one.verb, uri: one.path })}` }, one.path)),
          h("td", { class: "mono soft" }, one.file), h("td", {}, h("a", { href: `#/run/query/${encodeURIComponent(one.verb)}/${encodeURIComponent(one.group)}/${encodeURIComponent(one.name)}`, "aria-label": `Run ${one.verb} ${one.name}` }, "Run")))), { label: `Queries of ${name}` }));
    }));
}
