// The page is not run for it, which could cut off the files that are on their way.
export default function ({ data, parentElement }) {
  const look = ({ target, dataTransfer }) => {
    if (!target.closest?.(`[class*="st-key-${data.field}"]`)) return;
    const isRefused = ({ name, size }) =>
      size > data.most || !data.endings.some((ending) => name.toLowerCase().endsWith(ending));
    const entries = [...(dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.());
    const files = [...((dataTransfer ?? target).files ?? [])].filter((_, i) => !entries[i]?.isDirectory);
    const names = files.filter(isRefused).map(({ name }) => name);
    const more = names.length > data.shown ? ` and ${names.length - data.shown} more` : "";
    parentElement.querySelector("p").textContent =
      names.length ? `${data.told}: ${names.slice(0, data.shown).join(", ")}${more}` : "";
  };
  // Before the field takes the files and empties the list of them.
  const events = ["change", "drop"];
  events.forEach((event) => document.addEventListener(event, look, true));
  return () => events.forEach((event) => document.removeEventListener(event, look, true));
}
