/* The engine's heavy layers in WebAssembly with SIMD, on one thread. Without a C library; built by

   clang --target=wasm32 -msimd128 -O3 -nostdlib -ffreestanding -fno-builtin -Wl,--no-entry -Wl,--import-memory
     -Wl,--strip-all -Wl,-z,stack-size=4096 -o kernels.wasm kernels.c        (one line, in this folder; clang 14)

   Arrays are those of the JavaScript beside: maps with the channels of a pixel side by side, kernels (rows, columns,
   channels taken, features). Nothing is allocated here: JavaScript says where everything lies, and gives `scratch`.
   No function reads or writes beyond the arrays that it is given. */

#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(name)))

typedef v128_t four; /* four numbers of 32 bits */

static inline four load(const float *from) { return wasm_v128_load(from); }
static inline void store(float *to, four values) { wasm_v128_store(to, values); }
static inline four every(const float *from) { return wasm_v128_load32_splat(from); }
static inline four add(four a, four b) { return wasm_f32x4_add(a, b); }
static inline four add_times(four sum, four a, four b) { return add(sum, wasm_f32x4_mul(a, b)); }
static inline int smaller(int a, int b) { return a < b ? a : b; }
static inline int larger(int a, int b) { return a > b ? a : b; }

/* ---- Convolution ---- */

#define PIXELS 4 /* that are computed at once, of */
#define FEATURES 8

/* Lay `count` of the kernel's columns, from `kernel` on, side by side in rows of FEATURES, zeros behind them. */
static void pack(const float *kernel, int rows, int stride, int count, float *panel) {
  for (int row = 0; row < rows; row++, kernel += stride, panel += FEATURES) {
    if (count == FEATURES) {
      store(panel, load(kernel));
      store(panel + 4, load(kernel + 4));
    } else {
      for (int i = 0; i < FEATURES; i++) panel[i] = i < count ? kernel[i] : 0;
    }
  }
}

/* The sums of PIXELS pixels and FEATURES features. */
typedef struct {
  four low[PIXELS], high[PIXELS];
} tile;

#define STEP(at)                                       \
  {                                                    \
    four low = load(panel + 8 * (at)), high = load(panel + 8 * (at) + 4), value; \
    value = every(a + (at));                           \
    a0 = add_times(a0, value, low);                    \
    a1 = add_times(a1, value, high);                   \
    value = every(b + (at));                           \
    b0 = add_times(b0, value, low);                    \
    b1 = add_times(b1, value, high);                   \
    value = every(c + (at));                           \
    c0 = add_times(c0, value, low);                    \
    c1 = add_times(c1, value, high);                   \
    value = every(d + (at));                           \
    d0 = add_times(d0, value, low);                    \
    d1 = add_times(d1, value, high);                   \
  }

/* Add `count` values of each pixel, each times its row of the panel. Gives the panel's next row. */
static inline __attribute__((always_inline)) const float *
gather(tile *sums, const float *const from[PIXELS], const float *panel, int count) {
  const float *a = from[0], *b = from[1], *c = from[2], *d = from[3];
  four a0 = sums->low[0], b0 = sums->low[1], c0 = sums->low[2], d0 = sums->low[3];
  four a1 = sums->high[0], b1 = sums->high[1], c1 = sums->high[2], d1 = sums->high[3];
  for (; count >= 4; count -= 4) {
    STEP(0) STEP(1) STEP(2) STEP(3)
    a += 4, b += 4, c += 4, d += 4, panel += 4 * FEATURES;
  }
  for (; count > 0; count--) {
    STEP(0)
    a++, b++, c++, d++, panel += FEATURES;
  }
  sums->low[0] = a0, sums->low[1] = b0, sums->low[2] = c0, sums->low[3] = d0;
  sums->high[0] = a1, sums->high[1] = b1, sums->high[2] = c1, sums->high[3] = d1;
  return panel;
}

typedef struct {
  int h, w, c;               /* of the input */
  int rows, columns;         /* of the window */
  int down, right;           /* strides */
  int down_apart, right_apart; /* dilation */
  int top, left;             /* padding */
} window;

/* Pixels `first` to `last` - 1 of the output, which has `width` columns and `n` features: FEATURES of them from
   `panel`, of which `count` are written. `taken` channels of the input are looked at, from `in` on. */
static void features(const float *in, const window *at, int taken, const float *panel, const float *start,
                     const float *zeros, float *out, int n, int count, int width, int first, int last) {
  int whole_rows = taken == at->c && at->right_apart == 1; /* a row of the window is one piece of memory */
  int pieces = whole_rows ? 1 : at->columns, length = whole_rows ? at->columns * taken : taken;
  const four low = load(start), high = load(start + 4);
  for (int pixel = first; pixel < last; pixel += PIXELS) {
    tile sums;
    const float *corner[PIXELS], *from[PIXELS];
    int y[PIXELS], x[PIXELS], inside = 1;
    for (int i = 0; i < PIXELS; i++) {
      int here = smaller(pixel + i, last - 1); /* the last one may be computed several times */
      y[i] = here / width * at->down - at->top;
      x[i] = here % width * at->right - at->left;
      corner[i] = in + (y[i] * at->w + x[i]) * at->c;
      inside &= y[i] >= 0 && y[i] + (at->rows - 1) * at->down_apart < at->h && x[i] >= 0 &&
                x[i] + (at->columns - 1) * at->right_apart < at->w;
      sums.low[i] = low, sums.high[i] = high;
    }
    const float *next = panel;
    for (int row = 0; row < at->rows; row++) {
      int below = row * at->down_apart;
      if (inside) {
        for (int piece = 0; piece < pieces; piece++) {
          for (int i = 0; i < PIXELS; i++)
            from[i] = corner[i] + (below * at->w + piece * at->right_apart) * at->c;
          next = gather(&sums, from, next, length);
        }
      } else {
        for (int column = 0; column < at->columns; column++) {
          int beside = column * at->right_apart;
          for (int i = 0; i < PIXELS; i++) {
            int known = y[i] + below >= 0 && y[i] + below < at->h && x[i] + beside >= 0 && x[i] + beside < at->w;
            from[i] = known ? corner[i] + (below * at->w + beside) * at->c : zeros;
          }
          next = gather(&sums, from, next, taken);
        }
      }
    }
    for (int i = 0; i < PIXELS && pixel + i < last; i++) {
      float *to = out + (pixel + i) * n;
      if (count == FEATURES) {
        store(to, sums.low[i]);
        store(to + 4, sums.high[i]);
      } else {
        float each[FEATURES];
        store(each, sums.low[i]);
        store(each + 4, sums.high[i]);
        for (int feature = 0; feature < count; feature++) to[feature] = each[feature];
      }
    }
  }
}

/* `scratch` holds at least taken + FEATURES * (1 + rows * columns * taken) numbers; `bias` may be 0. */
EXPORT("conv")
void conv(const float *in, int h, int w, int c, const float *kernel, const float *bias, float *out, int width, int n,
          int rows, int columns, int down, int right, int down_apart, int right_apart, int top, int left, int groups,
          int first, int last, float *scratch) {
  window at = {h, w, c, rows, columns, down, right, down_apart, right_apart, top, left};
  int taken = c / groups, made = n / groups, length = rows * columns * taken;
  float *start = scratch + taken, *panel = start + FEATURES;
  for (int i = 0; i < taken; i++) scratch[i] = 0;
  for (int group = 0; group < groups; group++) {
    for (int done = 0; done < made; done += FEATURES) {
      int feature = group * made + done, count = smaller(FEATURES, made - done);
      for (int i = 0; i < FEATURES; i++) start[i] = bias && i < count ? bias[feature + i] : 0;
      pack(kernel + feature, length, n, count, panel);
      features(in + group * taken, &at, taken, panel, start, scratch, out + feature, n, count, width, first, last);
    }
  }
}

/* ---- Convolution of each channel for itself ---- */

/* Rows `first` to `last` - 1 of the output. Each channel makes `many` features. */
EXPORT("depthwise")
void depthwise(const float *in, int h, int w, int c, const float *kernel, const float *bias, float *out, int width,
               int many, int rows, int columns, int down, int right, int down_apart, int right_apart, int top,
               int left, int first, int last) {
  int n = c * many;
  for (int y = first; y < last; y++) {
    int above = y * down - top;
    for (int x = 0; x < width; x++) {
      int before = x * right - left, done = 0;
      float *to = out + (y * width + x) * n;
#define PLACES(action)                                                             \
  for (int row = 0; row < rows; row++) {                                           \
    int under_y = above + row * down_apart;                                        \
    if (under_y < 0 || under_y >= h) continue;                                     \
    for (int column = 0; column < columns; column++) {                             \
      int under_x = before + column * right_apart;                                 \
      if (under_x < 0 || under_x >= w) continue;                                   \
      const float *pixel = in + (under_y * w + under_x) * c;                       \
      const float *factors = kernel + (row * columns + column) * n + done;         \
      action                                                                       \
    }                                                                              \
  }
      if (many == 1) {
        for (; done + 16 <= n; done += 16) {
          four sums[4];
          for (int i = 0; i < 4; i++) sums[i] = bias ? load(bias + done + 4 * i) : wasm_f32x4_splat(0);
          PLACES(for (int i = 0; i < 4; i++)
                     sums[i] = add_times(sums[i], load(pixel + done + 4 * i), load(factors + 4 * i));)
          for (int i = 0; i < 4; i++) store(to + done + 4 * i, sums[i]);
        }
        for (; done + 4 <= n; done += 4) {
          four sum = bias ? load(bias + done) : wasm_f32x4_splat(0);
          PLACES(sum = add_times(sum, load(pixel + done), load(factors));)
          store(to + done, sum);
        }
      }
      for (; done < n; done++) {
        float sum = bias ? bias[done] : 0;
        PLACES(sum += pixel[done / many] * factors[0];)
        to[done] = sum;
      }
    }
  }
}

/* ---- Fully connected ---- */

#define ROWS 64 /* that are added up in 32 bits; their sums are added up in 64, as there may be 100,000 rows */

/* Add `count` values to `n` sums, each times its row of the kernel. */
EXPORT("dense")
void dense(const float *in, int count, const float *kernel, double *sums, int n) {
  for (int first = 0; first < count; first += ROWS) {
    int last = smaller(count, first + ROWS), i = 0;
    for (; i + 4 <= n; i += 4) {
      four one = wasm_f32x4_splat(0), other = one;
      const float *factors = kernel + first * n + i;
      int row = first;
      for (; row + 2 <= last; row += 2, factors += 2 * n) {
        one = add_times(one, every(in + row), load(factors));
        other = add_times(other, every(in + row + 1), load(factors + n));
      }
      if (row < last) one = add_times(one, every(in + row), load(factors));
      one = add(one, other);
      four high = wasm_i32x4_shuffle(one, one, 2, 3, 2, 3);
      wasm_v128_store(sums + i, wasm_f64x2_add(wasm_v128_load(sums + i), wasm_f64x2_promote_low_f32x4(one)));
      wasm_v128_store(sums + i + 2,
                      wasm_f64x2_add(wasm_v128_load(sums + i + 2), wasm_f64x2_promote_low_f32x4(high)));
    }
    for (; i < n; i++)
      for (int row = first; row < last; row++) sums[i] += in[row] * kernel[row * n + i];
  }
}

/* The sums and the bias in 32 bits; `bias` may be 0. */
EXPORT("rounded")
void rounded(const double *sums, const float *bias, float *out, int n) {
  for (int i = 0; i < n; i++) out[i] = sums[i] + (bias ? bias[i] : 0);
}

/* ---- Value by value ---- */

/* Each value times its channel's factor, plus its offset. */
EXPORT("scale")
void scale(const float *in, const float *factors, const float *offsets, float *out, int pixels, int c) {
  for (int pixel = 0; pixel < pixels; pixel++, in += c, out += c) {
    int i = 0;
    for (; i + 4 <= c; i += 4) store(out + i, add_times(load(offsets + i), load(in + i), load(factors + i)));
    for (; i < c; i++) out[i] = in[i] * factors[i] + offsets[i];
  }
}

/* Each value, but at least `low` and at most `high`. */
EXPORT("clip")
void clip(const float *in, float *out, int count, float low, float high) {
  four least = wasm_f32x4_splat(low), most = wasm_f32x4_splat(high);
  int i = 0;
  for (; i + 4 <= count; i += 4) store(out + i, wasm_f32x4_min(wasm_f32x4_max(load(in + i), least), most));
  for (; i < count; i++) out[i] = in[i] < low ? low : in[i] > high ? high : in[i];
}

/* e^x. With x = n ln 2 + r it is 2^n e^r, and |r| < 0.35: there eight terms of the series give all digits. */
static inline four exponential(four x) {
  x = wasm_f32x4_min(wasm_f32x4_max(x, wasm_f32x4_splat(-87)), wasm_f32x4_splat(88));
  four n = wasm_f32x4_nearest(wasm_f32x4_mul(x, wasm_f32x4_splat(1.44269504f)));
  /* ln 2 in two parts, the first of few digits, so that n times it is exact */
  four r = add_times(add_times(x, n, wasm_f32x4_splat(-0.693359375f)), n, wasm_f32x4_splat(2.12194440e-4f));
  four sum = wasm_f32x4_splat(1);
  for (int term = 7; term > 0; term--)
    sum = add_times(wasm_f32x4_splat(1), wasm_f32x4_mul(sum, r), wasm_f32x4_splat(1.0f / term));
  four power = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
  return wasm_f32x4_mul(sum, power);
}

static inline four sigmoid(four x) {
  four one = wasm_f32x4_splat(1);
  return wasm_f32x4_div(one, add(one, exponential(wasm_f32x4_neg(x))));
}

/* The error function, to 1.5e-7: Abramowitz and Stegun 1964, 7.1.26. */
static inline four error_function(four x) {
  static const float terms[] = {1.061405429f, -1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};
  four size = wasm_f32x4_abs(x), one = wasm_f32x4_splat(1), sum = wasm_f32x4_splat(0);
  four t = wasm_f32x4_div(one, add_times(one, size, wasm_f32x4_splat(0.3275911f)));
  for (int i = 0; i < 5; i++) sum = wasm_f32x4_mul(add(sum, wasm_f32x4_splat(terms[i])), t);
  four rest = wasm_f32x4_mul(sum, exponential(wasm_f32x4_neg(wasm_f32x4_mul(x, x))));
  four sign = wasm_v128_and(x, wasm_i32x4_splat(0x80000000));
  return wasm_v128_or(wasm_f32x4_sub(one, rest), sign); /* 1 - rest is not negative */
}

static inline four curve_of(four x, int which) {
  if (which == 0) return sigmoid(x);
  if (which == 1) return wasm_f32x4_mul(x, sigmoid(x));
  four erf = error_function(wasm_f32x4_mul(x, wasm_f32x4_splat(0.70710678f)));
  return wasm_f32x4_mul(wasm_f32x4_mul(wasm_f32x4_splat(0.5f), x), add(wasm_f32x4_splat(1), erf));
}

/* Values through an activation function: 0 a sigmoid, 1 SiLU, 2 GELU. */
EXPORT("curve")
void curve(float *values, int count, int which) {
  int i = 0;
  for (; i + 4 <= count; i += 4) store(values + i, curve_of(load(values + i), which));
  for (; i < count; i++) values[i] = wasm_f32x4_extract_lane(curve_of(every(values + i), which), 0);
}

/* The sums of two maps. */
EXPORT("add")
void sum(const float *one, const float *other, float *out, int count) {
  int i = 0;
  for (; i + 4 <= count; i += 4) store(out + i, add(load(one + i), load(other + i)));
  for (; i < count; i++) out[i] = one[i] + other[i];
}
