// Compiles call.ts, room.ts, guest.ts and desk.ts into JavaScript, which is committed: `cargo run` serves it and
// needs no Node. With --check nothing is written; a difference fails. The compiler is that of
// ../client: `npm ci` there first.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import ts from "../client/node_modules/typescript/lib/typescript.js";

const place = (name) => new URL(name, import.meta.url).pathname;
const { config } = ts.readConfigFile(place("tsconfig.json"), ts.sys.readFile);
const parsed = ts.parseJsonConfigFileContent(config, ts.sys, place("."));
const program = ts.createProgram(parsed.fileNames, parsed.options);
const compiled = new Map();
const emitted = program.emit(undefined, (file, text) => compiled.set(basename(file), text));
const faults = [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics];
if (faults.length > 0) {
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => place("."), getNewLine: () => "\n" };
  console.error(ts.formatDiagnostics(faults, host));
  process.exit(1);
}
let stale = false;
for (const [file, javascript] of compiled) {
  const source = file.replace(/\.js$/, ".ts");
  const hash = createHash("sha256").update(readFileSync(place(source))).digest("hex");
  const text = `// Compiled from ${source} (SHA-256 ${hash}) by build.mjs. Change that file.\n${javascript}`;
  if (!process.argv.includes("--check")) writeFileSync(place(file), text);
  else if (readFileSync(place(file), "utf8") !== text) {
    console.error(`${file} is not what ${source} compiles to: node build.mjs`);
    stale = true;
  }
}
if (stale) process.exit(1);
