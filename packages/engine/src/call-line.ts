/**
 * A client's calls, in the order in which they came, until each is answered.
 *
 * Always true: whom a call is asked of, all that came before it and has no answer yet was asked of, too.
 * So a call waits for what was asked of a store that is gone: that comes back, and is asked first.
 */
export class CallLine {
  readonly #places: Place[] = [];

  /** At the end. */
  enter(): Place {
    const place = new Place(this.#places);
    this.#places.push(place);
    return place;
  }
}

export class Place {
  readonly #places: Place[];
  /** Whom it is asked of. */
  #whom: object | undefined;
  #tell: () => void = () => undefined;

  constructor(places: Place[]) {
    this.#places = places;
  }

  mayAsk(whom: object): boolean {
    const before = this.#places[this.#places.lastIndexOf(this) - 1];
    return before === undefined || before.#whom === whom;
  }

  ask(whom: object): void {
    this.#whom = whom;
    this.#changed();
  }

  /** To be asked of somebody else. */
  comeBack(): void {
    this.#whom = undefined;
  }

  /** Resolves when it is worth asking again whom it may ask. */
  moved(): Promise<void> {
    return new Promise((resolve) => (this.#tell = resolve));
  }

  /** Answered. */
  leave(): void {
    this.#places.splice(this.#places.indexOf(this), 1);
    this.#changed();
  }

  /** Whoever is the first that waits may go on. */
  #changed(): void {
    const next = this.#places.find((place) => place.#whom === undefined);
    if (next !== undefined) next.#tell();
  }
}
