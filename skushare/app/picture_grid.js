// Pictures in as many columns as fit; tells which one was clicked.

export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".grid");
  grid.replaceChildren(
    ...data.map(({ name, note, src, problem, width, height, outlines }) => {
      const card = document.createElement("button");
      card.type = "button";
      card.title = name;
      const frame = card.appendChild(document.createElement("span"));
      frame.className = src ? "frame" : "frame problem";
      if (src) {
        const picture = frame.appendChild(document.createElement("img"));
        picture.src = src;
        picture.alt = "";
        frame.appendChild(drawing(width, height, outlines));
      } else {
        frame.textContent = problem;
      }
      for (const [kind, text] of Object.entries({ name, note })) {
        const line = card.appendChild(document.createElement("span"));
        line.className = `line ${kind}`;
        line.textContent = text;
      }
      card.onclick = () => setTriggerValue("open", name);
      return card;
    }),
  );
}

function drawing(width, height, outlines) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  for (const [color, d] of outlines) {
    const path = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
    path.setAttribute("stroke", color);
    path.setAttribute("d", d);
  }
  return svg;
}
