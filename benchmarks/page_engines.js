/* One network in the page's engine and in TensorFlow.js, by turns on one thread of one browser tab.

   The page gives `Engine`, the engine as the page has it, and where TensorFlow.js was fetched `tf`. */

const file = async (name) => (await fetch(name)).json();

/* The network in TensorFlow.js, from the nodes of ours: a function of pixels. With `fused`, batch normalization is
   folded into the convolution before it, and that computes its ReLU6 as well, as TensorFlow.js's converter does. */
function inTensorFlow(nodes, fused) {
  const users = nodes.map(() => []);
  for (const node of nodes) for (const id of node.inputs) users[id].push(node);
  const next = (node) => (users[node.id].length === 1 ? users[node.id][0] : null);
  const steps = new Map(); // by id: a function of the tensors so far
  const done = new Map(); // by id: the node whose value it has, where it was computed with another
  for (const node of nodes) {
    if (done.has(node.id)) continue;
    const follower = next(node);
    if (fused && ["conv", "depthwise"].includes(node.kind) && follower?.kind === "normalize") {
      const last = isRelu6(next(follower)) ? next(follower) : follower;
      for (const each of [follower, last]) done.set(each.id, node.id);
      steps.set(node.id, foldedStep(node, nodes[node.inputs[0]], follower, last !== follower));
    } else steps.set(node.id, step(node, nodes[node.inputs[0]]));
  }
  const place = (id) => done.get(id) ?? id;
  return (pixels) =>
    tf.tidy(() => {
      const values = new Map([[0, tf.tensor4d(pixels, [1, ...nodes[0].shape])]]);
      for (const [id, compute] of steps) if (id) values.set(id, compute(values.get(place(nodes[id].inputs[0]))));
      return values.get(place(nodes.length - 1));
    });
}

const isRelu6 = (node) => node?.kind === "activation" && node.config.options?.max_value === 6;

/* Where no zeros are needed the picture has them already. */
function padding(node, input) {
  const { kernel_size, strides } = node.config;
  return node.h === Math.floor((input.h - kernel_size[0]) / strides[0]) + 1 ? "valid" : "same";
}

const kernelShape = (node, input) =>
  node.kind === "conv" ? node.weightShapes.kernel : [...node.config.kernel_size, input.c, node.c / input.c];

function foldedStep(node, input, { scale, offset }, relu6) {
  const { kernel, bias } = node.weights;
  const folded = kernel.map((value, at) => value * scale[at % node.c]);
  const shift = Float32Array.from(offset, (value, c) => value + (bias ? bias[c] * scale[c] : 0));
  const settings = {
    filter: tf.tensor4d(folded, kernelShape(node, input)),
    bias: tf.tensor1d(shift),
    strides: node.config.strides,
    pad: padding(node, input),
    activation: relu6 ? "relu6" : "linear",
  };
  const compute = node.kind === "conv" ? tf.fused.conv2d : tf.fused.depthwiseConv2d;
  return (x) => compute({ x, ...settings });
}

function step(node, input) {
  const { config, weights } = node;
  switch (node.kind) {
    case "input":
      return null;
    case "pad": {
      const [top, left] = config.before;
      const sides = [
        [0, 0],
        [top, node.h - input.h - top],
        [left, node.w - input.w - left],
        [0, 0],
      ];
      return (x) => tf.pad(x, sides);
    }
    case "conv":
    case "depthwise": {
      const filter = tf.tensor4d(weights.kernel, kernelShape(node, input));
      const bias = weights.bias && tf.tensor1d(weights.bias);
      const compute = node.kind === "conv" ? tf.conv2d : tf.depthwiseConv2d;
      return (x) => {
        const sums = compute(x, filter, config.strides, padding(node, input));
        return bias ? tf.add(sums, bias) : sums;
      };
    }
    case "normalize": {
      const { mean, variance, beta, gamma } = Object.fromEntries(
        Object.entries(weights).map(([key, values]) => [key, tf.tensor1d(values)]),
      );
      return (x) => tf.batchNorm(x, mean, variance, beta, gamma, config.epsilon);
    }
    case "activation":
      if (isRelu6(node)) return (x) => tf.relu6(x);
      if (config.activation === "softmax") return (x) => tf.softmax(x);
      break;
    case "global":
      return (x) => tf.mean(x, [1, 2], true);
    case "copy":
      return (x) => tf.reshape(x, [1, ...node.shape]);
  }
  throw new Error(`This benchmark does not know ${node.kind} ${config.activation ?? ""} in TensorFlow.js.`);
}

const PLAIN = "ours, plain JavaScript";
const engines = new Map(); // by name: a function that gives the answer

/* Loads the network into each engine. Gives the answer of each. */
async function prepare() {
  const { model, kernels, pixels } = await file("model.json");
  const image = Float32Array.from(pixels);
  const fast = await Engine.load(model, kernels);
  const plain = await Engine.load(model);
  if (!fast.nodes[0].space) throw new Error("This browser has no WebAssembly with SIMD.");
  engines.set("ours, WebAssembly", () => fast.run(image).slice());
  engines.set(PLAIN, () => plain.run(image).slice());
  if (globalThis.tf) {
    tf.wasm.setWasmPaths("./");
    await tf.setBackend("wasm");
    await tf.ready();
    if (!(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"))) throw new Error("TensorFlow.js finds no SIMD.");
    if (await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT")) throw new Error("TensorFlow.js uses threads.");
    for (const [name, fused] of [
      ["TensorFlow.js, layer by layer", false],
      ["TensorFlow.js, fused", true],
    ]) {
      const network = inTensorFlow(fast.nodes, fused);
      engines.set(name, () => {
        const answer = network(image);
        const values = answer.dataSync().slice();
        answer.dispose();
        return values;
      });
    }
  }
  for (const run of engines.values()) run(); // the first run compiles
  return Object.fromEntries([...engines].map(([name, run]) => [name, [...run()]]));
}

/* Milliseconds of one answer of each engine; every other turn in the opposite order. Plain JavaScript takes ten times as
   long, and part in every fifth turn. */
function turn(number) {
  const order = [...engines].filter(([name]) => name !== PLAIN || number % 5 === 0);
  if (number % 2) order.reverse();
  const times = {};
  for (const [name, run] of order) {
    const began = performance.now();
    run();
    times[name] = performance.now() - began;
  }
  return times;
}
