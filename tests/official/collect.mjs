// Collects every text that the official language server's own tests give to its parser, and whether it was accepted.
//
// See compare.py. It is a root hook of mocha; `lexDocument` in lexer/lexer.js must call `globalThis.__note?.(inputText)`.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const found = [];
let parser = null;
let lexDocument = null;
let pending = null;

const load = (...names) => import(pathToFileURL(join(process.cwd(), ...names)));

function close() {
  if (pending) {
    const one = pending;
    globalThis.__note = null;
    // the tests look only at the parser, which does not see the characters that the lexer could not read
    const readable = lexDocument(one.text).errors.length === 0;
    found.push({ ...one, accepted: readable && parser.errors.length === 0 });
    pending = null;
  }
}

export const mochaHooks = {
  async beforeEach() {
    // imported only now: some of the parser's modules declare tests of their own
    parser ??= (await load("parser", "test_parser.js")).parser;
    lexDocument ??= (await load("lexer", "lexer.js")).lexDocument;
    parser.input = [];
    const { file } = this.currentTest;
    const title = this.currentTest.fullTitle();
    globalThis.__note = function note(text) {
      close();
      globalThis.__note = note;
      pending = { file: file.slice(process.cwd().length + 1), title, text };
    };
  },
  afterEach() {
    close();
  },
  afterAll() {
    writeFileSync(process.env.COLLECTED ?? "collected.json", JSON.stringify(found));
  },
};
