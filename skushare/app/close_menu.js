// On a narrow screen Streamlit's menu lies over the page, and stays there when a page was chosen in it.
export default function ({ parentElement }) {
  const place = parentElement.getRootNode().host ?? parentElement;
  place.closest('[data-testid="stElementContainer"]')?.style.setProperty("display", "none");
  if (matchMedia("(max-width: 768px)").matches) {
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  }
}
