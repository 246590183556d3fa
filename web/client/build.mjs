// Compiles sotto.ts into sotto.js, which is committed: `cargo run` serves it and needs no Node.
// With --check nothing is written; a difference fails. The first line of sotto.js carries the hash
// of its source, so that `cargo test` notices a stale one without a compiler.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";

const place = (name) => new URL(name, import.meta.url).pathname;
const { config } = ts.readConfigFile(place("tsconfig.json"), ts.sys.readFile);
const parsed = ts.parseJsonConfigFileContent(config, ts.sys, place("."));
const program = ts.createProgram(parsed.fileNames, parsed.options);
let compiled = "";
const emitted = program.emit(undefined, (_, text) => (compiled = text));
const faults = [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics];
if (faults.length > 0) {
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => place("."), getNewLine: () => "\n" };
  console.error(ts.formatDiagnostics(faults, host));
  process.exit(1);
}
const hash = createHash("sha256").update(readFileSync(place("sotto.ts"))).digest("hex");
const text = `// Compiled from sotto.ts (SHA-256 ${hash}) by build.mjs. Change that file.\n${compiled}`;
if (!process.argv.includes("--check")) writeFileSync(place("sotto.js"), text);
else if (readFileSync(place("sotto.js"), "utf8") !== text) {
  console.error("sotto.js is not what sotto.ts compiles to: npm run build");
  process.exit(1);
}
