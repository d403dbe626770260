/** 3x3 and 4x4 matrices, column-major as in WebGL and WebXR. */

export type Mat3 = readonly number[];
export type Mat4 = ArrayLike<number>;

export const IDENTITY_3: Mat3 = [1, 0, 0, 0, 1, 0, 0, 0, 1];
export const IDENTITY_4: Mat4 = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** Return the product of two square matrices of one size, which applies `second`, then `first`. */
export function product(size: 3 | 4, first: ArrayLike<number>, second: ArrayLike<number>): number[] {
  return Array.from({ length: size * size }, (_, at) => {
    const row = at % size;
    const column = at - row;
    let sum = 0;
    for (let k = 0; k < size; k++) sum += (first[row + size * k] as number) * (second[column + k] as number);
    return sum;
  });
}

/** Return the rotation of something that looks along -z: first up by a pitch, then left by a yaw, in radians. */
export function turned(yaw: number, pitch: number): Mat3 {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return [cy, 0, -sy, sy * sp, cp, cy * sp, sy * cp, -sp, cy * cp];
}

/** Return the inverse rotation. */
export function transposed(turn: Mat3): Mat3 {
  return [0, 3, 6, 1, 4, 7, 2, 5, 8].map((at) => turn[at] as number);
}

/** Return the rotation of a 4x4 rigid transform. */
export function turnOf(matrix: Mat4): Mat3 {
  return [0, 1, 2, 4, 5, 6, 8, 9, 10].map((at) => matrix[at] as number);
}

/** Return the matrix that turns the square from -1 to 1 into a rectangle with a rotation, centre and size. */
export function placed(turn: Mat3, at: readonly number[], width: number, height: number): Mat4 {
  const scale = [width / 2, height / 2, 1];
  const columns = scale.flatMap((by, column) => [0, 1, 2].map((row) => (turn[3 * column + row] as number) * by).concat(0));
  return [...columns, ...at, 1];
}
