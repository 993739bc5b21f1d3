/**
 * Calls that wait for a store, or for a leader to ask: they go on in the order in which they came.
 *
 * Always true: who has left the line was asked for, or has failed; who comes back after a change of
 * leader stands before all that came later.
 */
export class CallLine {
  readonly #places: Place[] = [];
  #lastNumber = 0;

  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  /** At the end. */
  enter(): Place {
    const place = new Place(this.#places, ++this.#lastNumber);
    place.comeBack();
    return place;
  }
}

export class Place {
  readonly number: number;
  readonly #places: Place[];
  #isIn = false;
  #tell: () => void = () => undefined;

  constructor(places: Place[], number: number) {
    this.#places = places;
    this.number = number;
  }

  get isFirst(): boolean {
    return this.#places[0] === this;
  }

  /** Resolves when nobody stands before it, for now. */
  first(): Promise<void> {
    if (this.isFirst) return Promise.resolve();
    return new Promise((resolve) => (this.#tell = resolve));
  }

  /** Idempotent. */
  leave(): void {
    if (!this.#isIn) return;
    this.#isIn = false;
    this.#places.splice(this.#places.indexOf(this), 1);
    const [next] = this.#places;
    if (next !== undefined) next.#tell();
  }

  /** To where it was. */
  comeBack(): void {
    if (this.#isIn) return;
    this.#isIn = true;
    const behind = this.#places.findIndex(({ number }) => number > this.number);
    this.#places.splice(behind < 0 ? this.#places.length : behind, 0, this);
  }
}
