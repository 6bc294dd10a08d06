/* The pen: strokes on the drawing area, {points: [[x, y], ...], colour}, in shares of its sides. */

const boards = new Map();

/* Listen to the mouse, a pen or a finger, and to keys: `begin(point)`, `move(points)` and `end()` follow a
   stroke, `undo()` and `clear()` are called by keys. */
export function listenToPen(pad, { begin, move, end, undo, clear }) {
  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault(); // no selection, no scrolling
    pad.focus({ preventScroll: true });
    pad.setPointerCapture(event.pointerId);
    begin(place(event));
  });
  pad.addEventListener("pointermove", (event) => {
    if (!event.isPrimary) return;
    const steps = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    move((steps.length ? steps : [event]).map(place));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    pad.addEventListener(name, (event) => {
      if (event.isPrimary) end();
    });
  }
  pad.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" || event.key === "Delete") clear();
    else if (event.key === "z" && (event.ctrlKey || event.metaKey)) undo();
    else return;
    event.preventDefault();
  });
}

/* A black canvas to draw on; there is one of each size. */
export function blackboard(height, width) {
  const key = `${height} ${width}`;
  if (!boards.has(key)) {
    const canvas = document.createElement("canvas");
    canvas.height = height;
    canvas.width = width;
    canvas.getContext("2d", { willReadFrequently: true });
    boards.set(key, canvas);
  }
  const canvas = boards.get(key);
  const brush = canvas.getContext("2d");
  brush.setTransform(1, 0, 0, 1, 0, 0);
  brush.fillStyle = "#000";
  brush.fillRect(0, 0, width, height);
  return canvas;
}

/* Round, smooth strokes: curves through the middles between the points. */
export function paintStrokes(brush, strokes, pen) {
  const { height, width } = brush.canvas;
  brush.lineCap = brush.lineJoin = "round";
  brush.lineWidth = pen;
  for (const { points, colour } of strokes) {
    const at = points.map(([x, y]) => [x * width, y * height]);
    brush.strokeStyle = colour;
    brush.beginPath();
    brush.moveTo(...at[0]);
    for (let n = 1; n < at.length - 1; n++) {
      brush.quadraticCurveTo(...at[n], (at[n][0] + at[n + 1][0]) / 2, (at[n][1] + at[n + 1][1]) / 2);
    }
    const [x, y] = at.at(-1);
    brush.lineTo(x + 0.01, y); // one point is a dot
    brush.stroke();
  }
}
