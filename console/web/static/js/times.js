// Keeps "3 min ago" true while a page is open.
const STEPS = [[60, "s", 1], [3600, "min", 60], [86400, "h", 3600], [86400 * 99, "d", 86400]];

export function ago(then, now = Date.now()) {
  const seconds = (now - then) / 1000;
  if (seconds < 1) return seconds > -60 ? "now" : null;
  for (const [limit, unit, size] of STEPS) {
    if (seconds < limit) return `${Math.floor(seconds / size)} ${unit} ago`;
  }
  return `${(seconds / (365.25 * 86400)).toFixed(1)} y ago`;
}

function refresh() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("time[datetime]")) {
    const text = ago(Date.parse(element.dateTime));
    if (text !== null && element.textContent !== text) element.textContent = text;
  }
}

setInterval(refresh, 5000);
document.addEventListener("visibilitychange", refresh);
