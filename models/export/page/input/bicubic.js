/* Resize one channel of a picture: bicubic, with a wider kernel when shrinking, as Pillow does it, so
   that the page sees a picture as training did. */

const byte = (value) => Math.max(0, Math.min(255, Math.round(value)));

function taps(length, newLength) {
  const scale = length / newLength;
  const wide = Math.max(scale, 1);
  return Array.from({ length: newLength }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - 2 * wide + 0.5));
    const end = Math.min(length, Math.floor(centre + 2 * wide + 0.5));
    const weights = [];
    for (let at = first; at < end; at++) weights.push(cubic(Math.abs(at - centre + 0.5) / wide));
    const sum = weights.reduce((one, other) => one + other);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

function cubic(x) {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

export function resize(pixels, height, width, newHeight, newWidth) {
  const rows = new Float32Array(height * newWidth);
  taps(width, newWidth).forEach(({ first, weights }, x) => {
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let n = 0; n < weights.length; n++) sum += weights[n] * pixels[y * width + first + n];
      rows[y * newWidth + x] = byte(sum);
    }
  });
  const result = new Float32Array(newHeight * newWidth);
  taps(height, newHeight).forEach(({ first, weights }, y) => {
    for (let x = 0; x < newWidth; x++) {
      let sum = 0;
      for (let n = 0; n < weights.length; n++) sum += weights[n] * rows[(first + n) * newWidth + x];
      result[y * newWidth + x] = byte(sum);
    }
  });
  return result;
}
