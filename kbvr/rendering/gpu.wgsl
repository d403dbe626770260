// Render a scene of planar quads on a GPU. The pictures equal those of rasterize.cpp, which explains the method. Its
// formulas are repeated here; tests compare the two.
//
// A quad's centre (u, v) with inverse depth d is projected to x = X / w, y = Y / w, and its new inverse depth is
// z = d / w, with (X, Y, w) = H (u, v, 1) + d e. Near the centre this is approximated as affine:
//
//     (x, y) = (x0, y0) + J (u - uc, v - vc),    z = z0 + zu (u - uc) + zv (v - vc)
//
// A quad covers the pixels whose centre (x, y) has |u - uc| <= reach_u and |v - vc| <= reach_v.
//
//     draw      1. opaque quads, 2. soft ones, each as two triangles into samples (z, u, v, layer); the nearest sample
//               is kept. The hardware snaps corners to a grid, so triangles are slightly enlarged and every fragment is
//               tested by the inequality above.
//     resolve   each pixel: blend four texels for the opaque sample, then the soft sample over it
//     pack      uncovered pixels get the colour of the farther of their neighbours in the row; RGB in three bytes

// gpu_scene.py appends the other constants, which are those of rasterize.cpp.
const GRID_PX = 0.02;                    // larger than the hardware's snapping distance
const LEAST_Z = 0x1p-60;
const DEPTH_PER_Z = 0x1p-20;             // a power of two: the depth buffer keeps z exactly

struct Quad {
    u: f32, v: f32, half_side: f32, d: f32, du: f32, dv: f32, slack_px: f32,
    layer: i32,
}

struct View {
    x: vec4f, y: vec4f, w: vec4f,  // rows of (H | e): their products with (u, v, 1, d) are X, Y and w
    size_px: vec2f,
    enlargement: f32,  // focal length over the photo's
    margin_px: f32,
    texels_per_px: vec2f,
    first_hidden: f32,  // layers from this one on are behind the front layer
}

struct Fragment {
    @builtin(position) position: vec4f,
    @location(0) @interpolate(flat) centre: vec4f,   // x0, y0, z0, layer
    @location(1) @interpolate(flat) inverse: vec4f,  // J^-1, row by row
    @location(2) @interpolate(flat) plane: vec4f,    // uc, vc, zu, zv
    @location(3) @interpolate(flat) reach: vec2f,    // of u and of v
    @location(4) @interpolate(flat) half_side: f32,
}

struct Sample {
    @location(0) sample: vec4u,  // bits of z, u, v, layer
    @builtin(frag_depth) depth: f32,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> quads: array<Quad>;
@group(0) @binding(2) var opaque_samples: texture_2d<u32>;
@group(0) @binding(3) var soft_samples: texture_2d<u32>;
@group(0) @binding(4) var texels: texture_2d_array<u32>;
@group(0) @binding(5) var<storage, read_write> resolved: array<vec2u>;  // RGBA, bits of z
@group(0) @binding(6) var<storage, read_write> report: array<atomic<u32>>;  // uncovered pixels, then 1 for each empty row
@group(0) @binding(7) var<storage, read_write> rgb: array<u32>;

@vertex
fn place(@builtin(vertex_index) index: u32) -> Fragment {
    let q = quads[index / 6];
    var out: Fragment;
    out.position = vec4f(2, 2, 2, 1);  // outside the clip volume: nothing is drawn
    let w = view.w.x * q.u + view.w.y * q.v + view.w.z + q.d * view.w.w;
    if !(w > TOO_CLOSE) { return out; }
    let inv_w = 1 / w;
    let x0 = (view.x.x * q.u + view.x.y * q.v + view.x.z + q.d * view.x.w) * inv_w;
    let y0 = (view.y.x * q.u + view.y.y * q.v + view.y.z + q.d * view.y.w) * inv_w;
    let z0 = q.d * inv_w;
    let wu = view.w.x + q.du * view.w.w;
    let wv = view.w.y + q.dv * view.w.w;
    let xu = (view.x.x + q.du * view.x.w - x0 * wu) * inv_w;
    let xv = (view.x.y + q.dv * view.x.w - x0 * wv) * inv_w;
    let yu = (view.y.x + q.du * view.y.w - y0 * wu) * inv_w;
    let yv = (view.y.y + q.dv * view.y.w - y0 * wv) * inv_w;
    let det = xu * yv - xv * yu;
    if !(det > 1e-4 && det < 1e8) { return out; }
    let enlarged = view.enlargement * inv_w;
    let stretch = xu * xu + xv * xv + yu * yu + yv * yv;
    if stretch > 2 * MOST_STRETCH * MOST_STRETCH * enlarged * enlarged || det < EDGE_ON * stretch { return out; }
    let inverse = vec4f(yv, -xv, -yu, xu) / det;
    let per_px = vec2f(abs(inverse.x) + abs(inverse.y), abs(inverse.z) + abs(inverse.w));
    let reach = q.half_side + (GROWTH_PX + q.slack_px) * min(per_px, vec2f(MOST_GROWN / enlarged));
    let zu = (q.du - z0 * wu) * inv_w;
    let zv = (q.dv - z0 * wv) * inv_w;
    let step = index % 6;
    let corner = select(6 - step, step, step < 3);  // 0 1 2, 3 2 1
    let side = vec2f(f32(corner & 1), f32(corner >> 1)) * 2 - 1;
    let off = side * (reach + GRID_PX * per_px);
    let at = vec2f(x0 + xu * off.x + xv * off.y, y0 + yu * off.x + yv * off.y) / view.size_px;
    out.position = vec4f(at.x * 2 - 1, 1 - at.y * 2, 0, 1);
    out.centre = vec4f(x0, y0, z0, f32(q.layer));
    out.inverse = inverse;
    out.plane = vec4f(q.u, q.v, zu, zv);
    out.reach = reach;
    out.half_side = q.half_side;
    return out;
}

@fragment
fn cover(in: Fragment) -> Sample {
    let from_centre = in.position.xy - in.centre.xy;
    let off = vec2f(dot(in.inverse.xy, from_centre), dot(in.inverse.zw, from_centre));
    if any(abs(off) > in.reach) { discard; }
    let lean = dot(abs(in.plane.zw), vec2f(in.half_side));  // where a quad is grown it comes no nearer
    let z = (in.centre.z + min(dot(in.plane.zw, off), lean)) * select(1.0, HIDDEN_DEPTH_BIAS, in.centre.w >= view.first_hidden);
    return Sample(bitcast<vec4u>(vec4f(z, in.plane.xy + off, in.centre.w)), max(z, LEAST_Z) * DEPTH_PER_Z);
}

// Colour of a sample, 0 to 255: four texels with weights in 256ths, blended and rounded vertically, then horizontally.
fn blended(sample: vec4f) -> vec4i {
    let last = vec2f(textureDimensions(texels) - 2);
    let at = clamp((sample.yz + view.margin_px) * view.texels_per_px - 0.5, vec2f(0), last + 1);
    let first = vec2i(min(floor(at), last));
    let weight = vec2i((at - vec2f(first)) * 256);
    let layer = i32(sample.w);
    let upper_left = vec4i(textureLoad(texels, first, layer, 0));
    let upper_right = vec4i(textureLoad(texels, first + vec2i(1, 0), layer, 0));
    let lower_left = vec4i(textureLoad(texels, first + vec2i(0, 1), layer, 0));
    let lower_right = vec4i(textureLoad(texels, first + vec2i(1, 1), layer, 0));
    return mixed(mixed(upper_left, lower_left, weight.y), mixed(upper_right, lower_right, weight.y), weight.x);
}

fn mixed(a: vec4i, b: vec4i, weight: i32) -> vec4i {
    return (a * 256 + (b - a) * weight + 128) >> vec4u(8);
}

// Blend a premultiplied colour over another one.
fn laid_over(under: vec4i, over: vec4i) -> vec4i {
    let keep = 256 - over.a - (over.a >> 7);
    return min(((under * keep + 128) >> vec4u(8)) + over, vec4i(255));
}

@compute @workgroup_size(8, 8)
fn resolve(@builtin(global_invocation_id) id: vec3u) {
    let size = vec2u(view.size_px);
    if any(id.xy >= size) { return; }
    let opaque_sample = bitcast<vec4f>(textureLoad(opaque_samples, id.xy, 0));
    let soft_sample = bitcast<vec4f>(textureLoad(soft_samples, id.xy, 0));
    var z = opaque_sample.x;
    var colour = blended(opaque_sample);
    if soft_sample.x > NO_SAMPLE && soft_sample.x >= z * SAME_SURFACE {
        let over = blended(soft_sample);
        if z > NO_SAMPLE {
            colour = laid_over(colour, over);
        } else if over.a > 127 {
            colour = min(over * 255 / over.a, vec4i(255));  // no longer premultiplied
            z = soft_sample.x;
        }
    }
    if !(z > NO_SAMPLE) { atomicAdd(&report[0], 1); }
    let packed = u32(colour.r) | u32(colour.g) << 8 | u32(colour.b) << 16;
    resolved[id.y * size.x + id.x] = vec2u(packed, bitcast<u32>(z));
}

fn covered(pixel: vec2u) -> bool {
    return bitcast<f32>(pixel.y) > NO_SAMPLE;
}

fn filled(index: u32) -> u32 {
    let here = resolved[index];
    if covered(here) { return here.x; }
    let width = u32(view.size_px.x);
    let row = index / width;
    var left = index;
    while left > row * width && !covered(resolved[left]) { left -= 1; }
    var right = index;
    while right < (row + 1) * width - 1 && !covered(resolved[right]) { right += 1; }
    let before = resolved[left];
    let after = resolved[right];
    if covered(before) && (!covered(after) || bitcast<f32>(before.y) <= bitcast<f32>(after.y)) { return before.x; }
    if covered(after) { return after.x; }
    atomicStore(&report[row + 1], 1);
    return 0;
}

// Pack four pixels into three words; beyond the picture's end, repeat the last pixel.
@compute @workgroup_size(64)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let four = id.y * groups.x * 64 + id.x;
    let last = u32(view.size_px.x) * u32(view.size_px.y) - 1;
    if four * 4 > last { return; }
    let a = filled(four * 4);
    let b = filled(min(four * 4 + 1, last));
    let c = filled(min(four * 4 + 2, last));
    let d = filled(min(four * 4 + 3, last));
    rgb[four * 3] = a | b << 24;
    rgb[four * 3 + 1] = b >> 8 | c << 16;
    rgb[four * 3 + 2] = c >> 16 | d << 8;
}
