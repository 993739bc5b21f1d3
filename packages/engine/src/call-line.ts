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
  /** Set while it waits. */
  tell?: () => void;

  constructor(places: Place[]) {
    this.#places = places;
  }

  mayAsk(whom: object): boolean {
    const before = this.#places[this.#places.lastIndexOf(this) - 1];
    return before === undefined || before.#whom === whom;
  }

  ask(whom: object): void {
    this.#whom = whom;
    // Nobody but the next one waits for this one.
    this.#places[this.#places.lastIndexOf(this) + 1]?.tell?.();
  }

  /** To be asked of somebody else. */
  comeBack(): void {
    this.#whom = undefined;
  }

  /** Resolves when it is worth asking again whom it may ask. */
  moved(): Promise<void> {
    return new Promise((resolve) => (this.tell = resolve));
  }

  /** Answered. */
  leave(): void {
    const at = this.#places.indexOf(this);
    this.#places.splice(at, 1);
    this.#places[at]?.tell?.();
  }
}
