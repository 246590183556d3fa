// Fills the start page with the demo's ids.
import { config } from "/demo/talk.js";

document.getElementById("api").textContent = location.origin;
const demo = await config();
for (const { id, name } of demo.flows) {
  const link = document.createElement("a");
  link.href = `/demo/visitor?flow=${encodeURIComponent(id)}`;
  const strong = document.createElement("strong");
  strong.textContent = name;
  link.append(strong);
  const item = document.createElement("li");
  item.append(link);
  document.getElementById("flows").append(item);
}
for (const name of ["workspace_id", "app_key", "member_id", "member_token"]) {
  document.getElementById(name).textContent = demo[name];
}
