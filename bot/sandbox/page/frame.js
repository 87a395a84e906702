// SimCord's page, and what the demo adds to it: words such as "in 5 seconds" stay true while nothing else happens.
import "/simcord-app.js";

const UNITS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7], ["week", Infinity]];
const RELATIVE = /^(now|in .+|.+ ago|yesterday|tomorrow|(last|this|next) .+)$/;
const words = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });

/** @param {number} seconds from now */
function relative(seconds) {
  let amount = seconds;
  for (const [unit, size] of UNITS) {
    if (Math.abs(amount) < size) return words.format(Math.round(amount), unit);
    amount /= size;
  }
}

function tick() {
  for (const time of document.querySelectorAll("time.discord-timestamp")) {
    if (!RELATIVE.test(time.textContent)) continue;
    const text = relative((Date.parse(time.dateTime) - Date.now()) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(tick, 500);

// What is for who builds bots with SimCord, and the room that it takes.
const byId = (id) => document.getElementById(id);
for (const id of ["messages-toggle", "messages-sidebar", "refresh", "capture-open", "inspector-toggle"]) {
  byId(id).style.display = "none";
}
document.querySelector(".preview-brand").style.display = "none";
byId("preview-shell").style.setProperty("--toolbar-height", "48px");
byId("preview-workspace").style.display = "flex";
byId("action-status").style.flex = "1 1 6rem";

// A clip takes seconds to be made playable here. SimCord forgets that Play was pressed before; this plays it then.
document.addEventListener("click", (event) => {
  const button = event.target.closest(".media-player button");
  const video = button?.closest(".media-player").querySelector("video");
  if (!video || video.readyState || !/^Play/.test(button.ariaLabel)) return;
  event.stopPropagation();
  video.autoplay = true;
}, true);

// SimCord gives focus back to what had it, even after somebody has gone on to another frame and types there.
const giveFocus = HTMLElement.prototype.focus;
HTMLElement.prototype.focus = function focus(options) {
  if (document.hasFocus()) giveFocus.call(this, options);
};

// Of a press on what has changed meanwhile SimCord only says that it was not completed.
const changed = Object.assign(document.createElement("p"), {
  hidden: true, role: "alert", textContent: "This has changed meanwhile, so nothing was done. Look, and press again.",
});
changed.style.cssText = "position: fixed; z-index: 99; inset: auto 1rem 5rem; margin: 0; padding: 0.75rem 1rem;"
  + "border-radius: 0.5rem; background: #8a2433; color: #fff";
document.body.append(changed);
document.addEventListener("click", () => { changed.hidden = true; }, true);
let told;
new MutationObserver(([{ target }]) => {
  if (!target.textContent.startsWith("Action was not completed")) return;
  const { lastAction } = window.simcordPreview;
  if (lastAction.requestId === told || !lastAction.diagnostics.some(({ code }) => code === "stale-revision")) return;
  told = lastAction.requestId;
  changed.hidden = false;
}).observe(byId("action-status"), { childList: true });

// SimCord drops a press while it waits for the answer to another; here it waits for its turn, if it still means the same.
document.addEventListener("click", async (event) => {
  const pressed = event.target.closest("button.component-button[aria-disabled=true]:not(:disabled)");
  if (!pressed) return;
  event.stopPropagation();
  const words = pressed.textContent;
  const find = () => document.querySelector(`button[data-control-key="${pressed.dataset.controlKey}"]:not(:disabled)`);
  while (find()?.ariaDisabled === "true") await new Promise((go) => setTimeout(go, 50));
  const button = find();
  if (button?.textContent === words) button.click();
  else changed.hidden = false;
}, true);
