// Turns <time data-countdown datetime="…"> into a countdown. Without this script, the deadline stays
// as the text that the server rendered.
//
// data-countdown="clock" fills the [data-unit] elements of the nearest [data-countdown-box];
// data-countdown="line" replaces the element's own text. data-server-now on either is the server's
// time when the page was rendered: the browser's clock may be wrong.

const SPOKEN_MINUTES = [60, 30, 10, 5, 1];

function parts(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return {
    days: Math.floor(seconds / 86400),
    hours: Math.floor((seconds % 86400) / 3600),
    minutes: Math.floor((seconds % 3600) / 60),
    seconds: seconds % 60,
  };
}

const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

function words({ days, hours, minutes, seconds }) {
  if (days) return `${count(days, "day")} ${hours} h left`;
  if (hours) return `${hours} h ${minutes} min left`;
  if (minutes) return `${minutes} min ${String(seconds).padStart(2, "0")} s left`;
  return `${seconds} s left`;
}

function start(time) {
  if (time.dataset.started) return;
  time.dataset.started = "true";
  const box = time.closest("[data-countdown-box]");
  const clock = box?.querySelector("[data-countdown-clock]");
  const speaker = box?.querySelector("[data-countdown-speaker]");
  const deadline = Date.parse(time.dateTime);
  const served = Date.parse(time.dataset.serverNow ?? "");
  const ahead = Number.isNaN(served) ? 0 : served - Date.now();
  let spoken = Infinity;
  if (clock) clock.hidden = false;

  const tick = () => {
    if (!time.isConnected) return clearInterval(timer);
    const left = deadline - (Date.now() + ahead);
    const now = parts(left);
    if (time.dataset.countdown === "clock" && clock) {
      for (const unit of clock.querySelectorAll("[data-unit]")) {
        unit.textContent = String(now[unit.dataset.unit]).padStart(2, "0");
      }
      const days = clock.querySelector("[data-unit='days']")?.parentElement;
      if (days) days.hidden = now.days === 0;
      const seconds = clock.querySelector("[data-unit='seconds']")?.parentElement;
      if (seconds) seconds.hidden = now.days > 0;
    } else if (left > 0) {
      time.textContent = words(now);
    }
    if (speaker) {
      const due = SPOKEN_MINUTES.filter((m) => left <= m * 60000).pop();
      if (left > 0 && due !== undefined && due < spoken) {
        if (spoken !== Infinity) speaker.textContent = `${count(due, "minute")} left.`;
        spoken = due;
      } else if (spoken === Infinity) {
        spoken = 1000;
      }
    }
    if (left <= 0) {
      clearInterval(timer);
      if (time.dataset.countdown === "line") time.textContent = "Time is up";
      if (speaker) speaker.textContent = "Time is up.";
      box?.querySelector("[data-countdown-over]")?.removeAttribute("hidden");
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
}

function startAll(root) {
  if (root.matches?.("time[data-countdown]")) start(root);
  root.querySelectorAll?.("time[data-countdown]").forEach(start);
}

startAll(document);
document.addEventListener("htmx:load", (event) => startAll(event.target));
