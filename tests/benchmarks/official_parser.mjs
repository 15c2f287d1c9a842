// Reads every file that LIST names with the official parser and prints how many it accepts without an error.
//
//   node official_parser.mjs LANGUAGE_SERVER LIST
//
// LANGUAGE_SERVER is the folder `language-server` of a clone of github.com/akrzemianowski/xanoscript_vscode_plugin, with
// its packages installed (`npm install`); LIST is a text file with one path a line.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, list] = process.argv.slice(2);
const { xanoscriptParser } = await import(pathToFileURL(resolve(join(folder, "parser", "parser.js"))));
const files = readFileSync(list, "utf8").split("\n").filter(Boolean);
let accepted = 0;
for (const file of files) {
  if (xanoscriptParser(readFileSync(file, "utf8")).errors.length === 0) {
    accepted += 1;
  }
}
console.log(JSON.stringify({ files: files.length, accepted }));
