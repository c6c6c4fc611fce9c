// Behaviour of every page: messages float and can be closed; menus close on Escape or a click
// elsewhere; forms are sent once; empty search fields are left out of the URL; the error summary
// takes the focus; copy and print buttons; forms know the time zone, and times of an account are
// in it.

const messages = document.querySelector("[data-messages]");
if (messages) {
  messages.classList.add("messages--floating");
  for (const close of messages.querySelectorAll("[data-message-close]")) close.hidden = false;
  for (const message of messages.querySelectorAll("[data-message-passing]")) {
    // Removed after 10 seconds, but not while hovered or focused. Errors stay.
    const leave = () => {
      if (message.matches(":hover, :focus-within")) setTimeout(leave, 2000);
      else message.remove();
    };
    setTimeout(leave, 10000);
  }
}

document.addEventListener("click", (event) => {
  event.target.closest("[data-message-close]")?.closest(".message").remove();

  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }

  if (event.target.closest("[data-print]")) window.print();

  const copier = event.target.closest("[data-copy]");
  if (copier) {
    navigator.clipboard?.writeText(copier.dataset.copy).then(() => {
      const words = copier.querySelector("[data-copy-words]") ?? copier;
      const before = words.textContent;
      words.textContent = "Copied";
      setTimeout(() => (words.textContent = before), 2000);
    });
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A double click sends a form once. The server's idempotency key guards against the rest.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent) event.preventDefault();
  else form.dataset.sent = "true";
});
window.addEventListener("pageshow", (event) => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    // A page that the Back button shows as it was left may say what is no longer true.
    if (event.persisted && form.dataset.sent) location.reload();
    delete form.dataset.sent;
  }
});

// "?search=jazz" instead of "?search=jazz&date_from=&date_to=…"
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("form[data-tidy]")) return;
  for (const [name, value] of [...event.formData]) {
    if (value === "") event.formData.delete(name);
  }
});

// [data-yields-to="id"] is hidden while the element with that id, which shows the same, is visible.
const bar = document.querySelector("[data-yields-to]");
const yieldsTo = bar && document.getElementById(bar.dataset.yieldsTo);
if (yieldsTo) {
  new IntersectionObserver(([seen]) => {
    bar.classList.toggle("bottom-bar--away", seen.isIntersecting);
  }, { threshold: 0.5 }).observe(yieldsTo);
}

// The browser's time zone, where a form has a place for it.
for (const field of document.querySelectorAll("input[data-time-zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

// Times of an account in the browser's time zone, where its profile names none. The same words as on
// the server (evently/formatting.py).
function ownTime(at, style) {
  const long = style === "long";
  const format = new Intl.DateTimeFormat("en-GB", {
    weekday: long ? "long" : "short",
    day: "numeric",
    month: style === "short" ? "short" : "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const year = long || at.getFullYear() !== new Date().getFullYear() ? ` ${part.year}` : "";
  const day = `${part.weekday} ${part.day} ${part.month}${year}`;
  return style === "day" ? day : `${day}, ${part.hour}:${part.minute} ${part.timeZoneName}`;
}
function showOwnTimes(root) {
  for (const time of root.querySelectorAll("time[data-own-time]")) {
    time.textContent = ownTime(new Date(time.dateTime), time.dataset.ownTime);
  }
}
showOwnTimes(document);

document.querySelector("[data-error-summary]")?.focus();
for (const control of document.querySelectorAll("[data-needs-script]")) control.hidden = false;

// Content swapped in by htmx announces itself to screen readers by its data-status alone.
document.addEventListener("htmx:load", (event) => {
  showOwnTimes(event.target);
  const words = event.target.dataset?.status;
  if (words) document.getElementById("status").textContent = words;
});
