/* A heat map over the picture: the picture in dark grey, the map in bright colours over it. */

const LONGEST = 264; // pixels of the longer side, at most, where the picture is smaller
const POSITIVE = [77, 178, 255];
const NEGATIVE = [255, 138, 76];
const DARKER = 0.6;

/* Canvases are always of these colours, whatever the page's: they stand on pictures. */
const sharp = (share) => 0.92 * Math.min(1, share) ** 0.75;

/* The largest absolute value of a map, and where it stands. */
export function strongest({ values, w }) {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (Math.abs(values[at]) > Math.abs(values[best])) best = at;
  return { most: Math.abs(values[best]), y: Math.floor(best / w), x: best % w };
}

/* Size a canvas for a picture, whole pixels of the screen for each of a small one. */
export function sizeFor(canvas, { h, w }) {
  const scale = Math.max(1, Math.floor(LONGEST / Math.max(h, w)));
  canvas.width = w * scale;
  canvas.height = h * scale;
}

function asCanvas(h, w, colourOf) {
  const canvas = document.createElement("canvas");
  canvas.width = w;
  canvas.height = h;
  const brush = canvas.getContext("2d");
  const image = brush.createImageData(w, h);
  for (let at = 0; at < h * w; at++) image.data.set(colourOf(at), 4 * at);
  brush.putImageData(image, 0, 0);
  return canvas;
}

/* Draw the picture, and over it a map, if there is one. `range` is black and white of the picture. */
export function drawOverlay(canvas, { values, h, w, c }, [low, high], map) {
  const brush = canvas.getContext("2d");
  const shade = (value) => (255 * (value - low)) / (high - low);
  const picture = asCanvas(h, w, (at) => {
    const parts = [0, 1, 2].map((part) => shade(values[at * c + (c === 3 ? part : 0)]));
    if (!map) return [...parts, 255];
    const grey = (DARKER * (parts[0] + parts[1] + parts[2])) / 3;
    return [grey, grey, grey, 255];
  });
  brush.imageSmoothingEnabled = Math.max(h, w) > 64;
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if (!map) return;
  const { most } = strongest(map);
  const colours = asCanvas(map.h, map.w, (at) => {
    const share = most ? map.values[at] / most : 0;
    return [...(share < 0 ? NEGATIVE : POSITIVE), 255 * sharp(Math.abs(share))];
  });
  brush.imageSmoothingEnabled = map.h < h || Math.max(h, w) > 64; // a layer's map is coarse
  brush.drawImage(colours, 0, 0, canvas.width, canvas.height);
}

/* Draw a square that was erased, with a frame around it. */
export function drawErased(canvas, { w }, { top, left, side }, colour, [low, high]) {
  const brush = canvas.getContext("2d");
  const scale = canvas.width / w;
  const place = [left * scale, top * scale, side * scale, side * scale];
  const parts = [0, 1, 2].map((part) =>
    Math.round((255 * ((colour[colour.length === 3 ? part : 0] ?? low) - low)) / (high - low)),
  );
  brush.fillStyle = `rgb(${parts.join(" ")})`;
  brush.fillRect(...place);
  brush.lineWidth = Math.max(2, scale / 3);
  brush.strokeStyle = "#ff7ad1";
  brush.strokeRect(...place);
}
