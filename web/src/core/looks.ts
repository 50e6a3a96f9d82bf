export declare function groupLooks(embeddings: Float32Array, dimensions: number, likeness: number): Int32Array
export declare function lookName(number: number): string
