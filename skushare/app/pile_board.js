// Piles of facings: drag a facing to another pile, or tap some and put them there; name a pile to teach it.

export default function ({ data, parentElement, setTriggerValue }) {
  const board = parentElement.querySelector(".board");
  const typed = new Map();
  for (const input of board.querySelectorAll("input")) typed.set(input.dataset.key, input.value);
  const focused = board.getRootNode().activeElement?.dataset?.key;
  const selected = new Set();

  const act = (action) => setTriggerValue("action", { ...action, stamp: Date.now() });
  const move = (facings, to) => act({ kind: "move", facings, to });
  const make = (tag, parent, className, text) => {
    const element = parent.appendChild(document.createElement(tag));
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const button = (parent, text, onclick, className) => {
    const element = make("button", parent, className, text);
    element.type = "button";
    element.onclick = onclick;
    return element;
  };
  const showSelection = () => {
    board.classList.toggle("selecting", selected.size > 0);
    for (const thumb of board.querySelectorAll(".thumb"))
      thumb.setAttribute("aria-pressed", String(selected.has(Number(thumb.dataset.facing))));
  };
  const takeDrops = (element, to) => {
    element.ondragover = (event) => {
      event.preventDefault();
      element.classList.add("over");
    };
    element.ondragleave = () => element.classList.remove("over");
    element.ondrop = (event) => {
      event.preventDefault();
      move(JSON.parse(event.dataTransfer.getData("text/plain")), to);
    };
  };
  const field = (form, pile, what, label, list) => {
    const input = make("input", form);
    input.dataset.key = `${pile.id} ${what}`;
    input.placeholder = label;
    input.setAttribute("aria-label", `${label} of pile ${pile.place}`);
    input.setAttribute("list", list);
    input.maxLength = data.longest;
    input.value = typed.get(input.dataset.key) ?? (what === "brand" ? pile.brand : pile.product);
    return input;
  };

  board.replaceChildren();
  for (const [id, names] of Object.entries({ brands: data.brands, products: data.products })) {
    const list = make("datalist", board);
    list.id = id;
    for (const name of names) make("option", list).value = name;
  }
  for (const pile of data.piles) {
    const card = make("section", board, "pile");
    card.setAttribute("aria-label", `Pile ${pile.place}`);
    takeDrops(card, pile.id);
    const head = make("div", card, "head");
    make("strong", head, "", `${pile.size} alike`);
    if (pile.note) make("span", head, "note", pile.note);
    const thumbs = make("div", card, "thumbs");
    for (const { id, src } of pile.facings) {
      const thumb = button(thumbs, "", () => {
        selected.has(id) ? selected.delete(id) : selected.add(id);
        showSelection();
      }, "thumb");
      thumb.dataset.facing = id;
      thumb.setAttribute("aria-label", `Facing ${id + 1}`);
      thumb.draggable = true;
      thumb.ondragstart = (event) => {
        const moved = selected.has(id) ? [...selected] : [id];
        event.dataTransfer.setData("text/plain", JSON.stringify(moved));
      };
      const picture = make("img", thumb);
      picture.src = src;
      picture.alt = "";
      picture.draggable = false;
    }
    const tools = make("div", card, "tools");
    button(tools, "Put here", () => move([...selected], pile.id), "put");
    if (pile.size > 1) {
      button(tools, "Select all", () => {
        for (const { id } of pile.facings) selected.add(id);
        showSelection();
      });
      button(tools, "Split", () => act({ kind: "split", pile: pile.id }));
    }
    const form = make("form", card, "naming");
    const brand = field(form, pile, "brand", "Brand", "brands");
    const product = field(form, pile, "product", "Product, if you like", "products");
    make("button", form, "learn", "Teach");
    form.onsubmit = (event) => {
      event.preventDefault();
      if (!brand.value.trim()) return brand.focus();
      act({ kind: "teach", pile: pile.id, brand: brand.value, product: product.value });
      brand.value = product.value = "";
    };
  }
  const fresh = make("section", board, "pile fresh");
  takeDrops(fresh, null);
  make("span", fresh, "note", "Drag a facing here to take it out of its pile.");
  button(fresh, "New pile", () => move([...selected], null), "put");
  showSelection();
  if (focused) [...board.querySelectorAll("input")].find((input) => input.dataset.key === focused)?.focus();
}
