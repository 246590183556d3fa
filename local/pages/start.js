// Fills the start page with the demo's ids.
import { config } from "/demo/talk.js";

document.getElementById("api").textContent = location.origin;
const demo = await config();
for (const name of ["workspace_id", "app_key", "member_id", "member_token"]) {
  document.getElementById(name).textContent = demo[name];
}
