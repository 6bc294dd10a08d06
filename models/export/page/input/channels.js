/* Pictures of one to four channels: grey, two grey ones, colours, colours with alpha. */

const grey = ({ red, green, blue }) => red.map((value, at) => (value + green[at] + blue[at]) / 3);

/* The channels of a picture, each an array of 0 to 255. */
export function channelsOf(picture, count) {
  const { red, green, blue, alpha } = picture;
  if (count < 3) return Array(count).fill(grey(picture));
  return count === 3 ? [red, green, blue] : [red, green, blue, alpha];
}

/* Pixels from 0 to 255 as numbers between a model's black and white. */
export const inRange = (pixels, [low, high]) =>
  low === 0 && high === 255 ? pixels : pixels.map((value) => low + (value * (high - low)) / 255);

/* How one pixel looks: red, green and blue, those with alpha on white; the mean of two channels. */
function look(pixels, at, count) {
  const values = pixels.subarray(at * count, (at + 1) * count);
  if (count === 3) return values;
  if (count === 4) return values.subarray(0, 3).map((value) => 255 + ((value - 255) * values[3]) / 255);
  const level = count === 2 ? (values[0] + values[1]) / 2 : values[0];
  return [level, level, level];
}

/* An ImageData of what pixels look like. */
export function asImage(pixels, height, width, count) {
  const image = new ImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    image.data.set(look(pixels, at, count), 4 * at);
    image.data[4 * at + 3] = 255;
  }
  return image;
}

/* Pixels with what was drawn over them: `drawn` are the red, green, blue and alpha of the strokes. */
export function drawnOver(pixels, drawn, count) {
  const result = pixels.slice();
  for (let at = 0; at < drawn.length / 4; at++) {
    const [red, green, blue, cover] = drawn.subarray(4 * at, 4 * at + 4);
    const values = count === 4 ? [red, green, blue, 255] : Array(count).fill((red + green + blue) / 3);
    for (let c = 0; c < count; c++)
      result[at * count + c] += ((values[c] - result[at * count + c]) * cover) / 255;
  }
  return result;
}
