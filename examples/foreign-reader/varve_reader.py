#!/usr/bin/env python3
"""Reads a Varve store without Varve. Written from docs/FORMAT.md alone; § are its sections.

    varve_reader.py FILE [--hex] > records.ndjson

FILE is a store's `journal`, an export, or either of them gzipped; it is never written to. One line
per record that the log holds: {lsn, type, channel, time, length, sha256}, or hex in place of
sha256. One line per range that damage took: {damaged: {from, to}}, where it was. Then one for
the last checkpoint: {state: …}, and one about the end: {end: …}, with the name of the row of §8.

Always true: a byte is believed only behind its checksum, every length is compared with what is
there before it is used, and nothing read from the file is trusted to end a loop.
"""
import gzip
import hashlib
import json
import mmap
import struct
import sys
from collections import namedtuple

M32 = 0xFFFFFFFF
CONTROL, FRAGMENT, RESTART, UNIT_END = 1, 2, 4, 8
STATE, START, NEXT = 1, 3, 4
HAS_ATTRIBUTES, EXTERNAL = 1, 2

Segment = namedtuple('Segment', 'number slot seed generation last_lsn previous_chain durable_lsn')
Batch = namedtuple('Batch', 'segment offset end flags count first_lsn durable_lsn generation '
                            'previous checksum time extensions body')
Frame = namedtuple('Frame', 'type flags channel payload')
Descriptor = namedtuple('Descriptor', 'unit_id fragments segment bytes offset digest settled')
Start = namedtuple('Start', 'last_lsn cut_segment cut_offset chain previous_generation rewritten_to')
Record = namedtuple('Record', 'lsn type channel time parts')


class Unreadable(Exception):
    """This is no store, or one of a kind that this reader does not know."""


class Damaged(Exception):
    """Bytes that verify, or should, do not say what they must."""


def xxh32(data, seed):
    """XXH32, as published."""
    p1, p2, p3, p4, p5 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1
    n, whole = len(data), len(data) & ~15
    if n >= 16:
        a, b, c, d = (seed + p1 + p2) & M32, (seed + p2) & M32, seed, (seed - p1) & M32
        for w, x, y, z in struct.iter_unpack('<4I', data[:whole]):
            a = (a + w * p2) & M32
            a = ((a << 13 | a >> 19) * p1) & M32
            b = (b + x * p2) & M32
            b = ((b << 13 | b >> 19) * p1) & M32
            c = (c + y * p2) & M32
            c = ((c << 13 | c >> 19) * p1) & M32
            d = (d + z * p2) & M32
            d = ((d << 13 | d >> 19) * p1) & M32
        h = (a << 1 | a >> 31) + (b << 7 | b >> 25) + (c << 12 | c >> 20) + (d << 18 | d >> 14)
    else:
        h = seed + p5
    h = (h + n) & M32
    words = n & ~3
    for (w,) in struct.iter_unpack('<I', data[whole:words]):
        h = (h + w * p3) & M32
        h = ((h << 17 | h >> 15) * p4) & M32
    for byte in data[words:]:
        h = (h + byte * p5) & M32
        h = ((h << 11 | h >> 21) * p1) & M32
    h = ((h ^ h >> 15) * p2) & M32
    h = ((h ^ h >> 13) * p3) & M32
    return h ^ h >> 16


def align(n, to):
    return (n + to - 1) // to * to


def u48(data, at):
    return int.from_bytes(data[at:at + 6], 'little')


def varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 28:
            raise Damaged('a varint without an end')
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def frames(body):
    """The record frames of a body, which they fill (§5)."""
    at = 0
    while at < len(body):
        if at + 2 > len(body):
            raise Damaged('half a record frame')
        kind, flags = body[at], body[at + 1]
        channel, at = varint(body, at + 2)
        length, at = varint(body, at)
        if flags & HAS_ATTRIBUTES:
            size, at = varint(body, at)
            at += size
        if at + length > len(body):
            raise Damaged('a record frame longer than its batch')
        yield Frame(kind, flags, channel, body[at:at + length])
        at += length


def descriptor(data):
    return Descriptor(*struct.unpack_from('<IIQQIIB', data)) if len(data) == 36 else None


class Store:
    """The file: superblocks, segments, and the batches that count by themselves (§1–4)."""

    def __init__(self, data):
        self.data = data
        blocks = [b for b in (self.superblock(0), self.superblock(1)) if b]
        if not blocks:
            raise Unreadable('no superblock verifies')
        self.lead = lead = max(blocks, key=lambda b: b['sequence'])
        if lead['version'] != 1 or lead['incompat'] or lead['checksum_kind'] != 1:
            raise Unreadable('a store of another format version')
        self.durable_lsn = max(b['durable_lsn'] for b in blocks)
        self.generation = max(b['generation'] for b in blocks)
        self.size, self.alignment = lead['segment_bytes'], lead['alignment']
        self.boundary = max(self.alignment, 512 if self.size < 65536 else 4096)
        self.segments = {}
        for slot in range((len(data) - 131072) // self.size + 1):
            header = self.header(slot)
            if header and header.number >= lead['first_segment']:
                other = self.segments.get(header.number)
                if not other or header.generation > other.generation:
                    self.segments[header.number] = header

    def superblock(self, place):
        b = self.data[place * 65536:place * 65536 + 512]
        if len(b) < 512 or b[:8] != b'VARVE\r\n\x1a':
            return None
        if xxh32(b[:508], 0x56415256 + place) != struct.unpack_from('<I', b, 508)[0]:
            return None
        names = ('sequence generation segment_bytes alignment checksum_kind slot_count '
                 'first_segment first_lsn low_water scan_segment scan_offset scan_generation '
                 'scan_lsn scan_chain state_offset state_segment covered_lsn durable_lsn')
        values = struct.unpack_from('<QIIHBxI3QQIIQIIQQQ', b, 104)
        version, _, _, _, incompat = struct.unpack_from('<HHIII', b, 8)
        return dict(zip(names.split(), values), version=version, incompat=incompat,
                    seed_id=b[24:40], clean=b[76] & 1)

    def base(self, slot):
        return 131072 + slot * self.size

    def segment(self, number, slot, salt, *rest):
        packed = struct.pack('<16sIQ8s', self.lead['seed_id'], slot, number, salt)
        return Segment(number, slot, xxh32(packed, 0), *rest)

    def header(self, slot):
        b = self.data[self.base(slot):self.base(slot) + 112]
        if len(b) < 112 or b[:4] != b'VSEG':
            return None
        version, size, seed_id, own, generation, number, salt, last, _, chain, _, durable = (
            struct.unpack_from('<HH16sIIQ8sQIIQQ', b, 4))
        if xxh32(b[:108], 0x56534547) != struct.unpack_from('<I', b, 108)[0]:
            return None
        if (version, size, own, seed_id) != (1, 112, slot, self.lead['seed_id']):
            return None
        return self.segment(number, slot, salt, generation, last, chain, durable)

    def first_offset(self):
        return align(112, self.alignment)

    def batch(self, segment, offset):
        """The batch at this place, if it counts by itself."""
        base = self.base(segment.slot)
        room = min(self.size, len(self.data) - base) - offset
        at = base + offset
        if room < 56 or self.data[at:at + 4] != b'VBAT':
            return None
        size, flags, encoding, body_bytes, count, first, durable, generation, previous = (
            struct.unpack_from('<HBBIIQQII', self.data, at + 4))
        if size % 4 or not 56 <= size <= 512 or body_bytes > 66560 or size + body_bytes > room:
            return None
        if flags > 15 or encoding:
            return None
        head, body = self.data[at:at + size], self.data[at + size:at + size + body_bytes]
        seed = segment.seed ^ generation * 0x9E3779B1 & M32 ^ offset * 0x85EBCA77 & M32
        checksum = struct.unpack_from('<I', head, size - 4)[0]
        if xxh32(head[:-4], seed) != checksum:
            return None
        if xxh32(body, seed ^ M32) != struct.unpack_from('<I', head, 48)[0]:
            return None
        extensions, e = {}, 52
        while e + 2 <= size - 4 and head[e]:
            extensions[head[e]] = head[e + 2:min(e + 2 + head[e + 1], size - 4)]
            e += 2 + head[e + 1]
        return Batch(segment, offset, align(offset + size + body_bytes, self.alignment), flags,
                     count, first, durable, generation, previous, checksum, u48(head, 40),
                     extensions, body)

    def named(self, frame, segment):
        """The segment that a `next` record names: by its header, or else by the record."""
        number, salt, slot = struct.unpack_from('<Q8sI', frame.payload)
        return self.segments.get(number) or self.segment(number, slot, salt, None, None, None, 0)


# A place in the log, and what the next batch there must agree with.
Place = namedtuple('Place', 'segment offset generation last_lsn chain')


class Log:
    """The records, found by following the chain (§4, 6, 7, 8)."""

    def __init__(self, store):
        self.store = store
        self.records = []  # of Record; parts is None where they do not verify
        self.units = {}  # (segment, offset) of the first fragment -> the unit's fragments
        self.open_units = {}  # (generation, unit id) -> the same lists
        self.damaged = []  # (from, to)
        self.restart = None  # of the last one: rewrittenTo, and what there was before it
        self.refused = set()  # places of restarts that are incomplete
        self.end, self.end_row = self.read()

    def read(self):
        store, first = self.store, self.store.lead['first_segment']
        segment = store.segments.get(first) or Segment(first, None, 0, 0, 0, 0, 0)
        at = Place(segment, store.first_offset(), segment.generation,
                   segment.last_lsn if segment.slot is not None else store.lead['first_lsn'] - 1,
                   segment.previous_chain)
        while True:
            batch = store.batch(at.segment, at.offset)
            if batch and (batch.generation, batch.first_lsn, batch.previous) == (
                    at.generation, at.last_lsn + 1, at.chain):
                at = self.take(batch, at)
                continue
            if self.restart and at.last_lsn < self.restart[0]:
                _, at, self.records, place = self.restart
                self.refused.add(place)
                self.restart = None
            on = self.resume(at)
            if on:
                at = on
                continue
            row, on = self.behind(at)
            if not on:
                return at, row
            at = on

    def take(self, batch, at):
        """Reads a batch that counts in the log; says where the next one must be."""
        store, last, following = self.store, at.last_lsn, None
        if batch.flags & CONTROL:
            for frame in frames(batch.body):
                if frame.type == NEXT:
                    following = store.named(frame, batch.segment)
        elif batch.flags & FRAGMENT:
            self.fragment(batch)
        elif batch.count:
            self.records += self.records_of(batch)
            last += batch.count
        if following:
            return Place(following, store.first_offset(), batch.generation, last, batch.checksum)
        return Place(batch.segment, batch.end, batch.generation, last, batch.checksum)

    def fragment(self, batch):
        unit_id, number = struct.unpack_from('<II', batch.extensions[1])
        key = batch.generation, unit_id
        if number == 0:
            self.open_units[key] = self.units[batch.segment.number, batch.offset] = []
        if number == len(self.open_units.get(key, ())):
            self.open_units[key].append(batch)

    def unit(self, d):
        """The fragments that a descriptor names."""
        found = self.units.get((d.segment, d.offset), [])[:d.fragments] if d else []
        digest = 0
        for fragment in found:
            digest = xxh32(struct.pack('<I', fragment.checksum), digest)
        if not d or (len(found), sum(len(f.body) for f in found), digest) != (
                d.fragments, d.bytes, d.digest):
            raise Damaged('a unit whose fragments are not all there')
        return found

    def records_of(self, batch):
        try:
            whole = []
            if batch.flags & UNIT_END:
                for fragment in self.unit(descriptor(batch.extensions.get(2, b''))):
                    whole += frames(fragment.body)
            whole += frames(batch.body)
            if len(whole) != batch.count:
                raise Damaged('another number of records than the batch says')
        except Damaged:
            whole = [None] * batch.count
        for lsn, frame in enumerate(whole, batch.first_lsn):
            yield self.record(lsn, frame, batch.time)

    def record(self, lsn, frame, time):
        try:
            if not frame:
                raise Damaged
            parts = [frame.payload]
            if frame.flags & EXTERNAL:
                parts = [f.body for f in self.unit(descriptor(frame.payload))]
        except Damaged:
            return Record(lsn, None, None, time, None)
        return Record(lsn, frame.type, frame.channel, time, parts)

    def start_of(self, batch):
        if batch and batch.flags & RESTART and batch.flags & CONTROL:
            for frame in frames(batch.body):
                if frame.type == START and len(frame.payload) == 36:
                    return Start(*struct.unpack('<QQIIIQ', frame.payload))
        return None

    def begin(self, batch, start, at):
        """Goes on at a restart: what was read above its last LSN is there again behind it."""
        kept = [r for r in self.records if r.lsn <= start.last_lsn]
        self.restart = (start.rewritten_to, at, self.records, (batch.segment.number, batch.offset))
        self.records = kept
        return Place(batch.segment, batch.offset, batch.generation, start.last_lsn, batch.previous)

    def restart_in(self, segment, offset, at):
        """The first restart at this offset or at a later boundary that goes on from `at`."""
        store = self.store
        boundaries = range(align(offset + 1, store.boundary), store.size, store.boundary)
        for place in (offset, *boundaries):
            batch = store.batch(segment, place)
            start = self.start_of(batch)
            if start and batch.generation > at.generation and start.last_lsn <= at.last_lsn and (
                    segment.number, place) not in self.refused:
                return self.begin(batch, start, at)
        return None

    def resume(self, at):
        """Where the log goes on from a place where no batch counts (§7)."""
        on = self.restart_in(at.segment, at.offset, at)
        if on:
            return on
        header, first = self.store.segments.get(at.segment.number + 1), self.store.first_offset()
        if header and header.generation > at.generation and header.last_lsn <= at.last_lsn:
            return self.restart_in(header, first, at)
        if header and header.generation == at.generation and header.last_lsn == at.last_lsn:
            return Place(header, first, at.generation, at.last_lsn, header.previous_chain)
        return None

    def later(self, at):
        """The batches that count by themselves from here on."""
        store = self.store
        known = {**store.segments, at.segment.number: at.segment}
        number = at.segment.number
        while number <= max(known):
            segment, offset = known.get(number), store.first_offset()
            if number == at.segment.number:
                offset = at.offset
            number += 1
            if not segment or segment.slot is None:
                continue
            base = store.base(segment.slot)
            while True:
                found = store.data.find(b'VBAT', base + offset, base + store.size)
                if found < 0:
                    break
                offset = align(found - base, store.alignment)
                batch = offset == found - base and store.batch(segment, offset)
                if not batch:
                    offset += 1
                    continue
                yield batch
                offset = batch.end
                if batch.flags & CONTROL:
                    for frame in frames(batch.body):
                        if frame.type == NEXT:
                            named = store.named(frame, segment)
                            known.setdefault(named.number, named)

    def behind(self, at):
        """What the end is (§8), and where the log goes on if it is damage (§7)."""
        store, later, last = self.store, list(self.later(at)), at.last_lsn
        proofs = [store.durable_lsn, *(b.durable_lsn for b in later)]
        proofs += [s.durable_lsn for n, s in store.segments.items() if n > at.segment.number]
        if max(proofs) > last:
            proven = {}
            for batch in later:
                claims = [(batch.generation, batch.durable_lsn)]
                start = self.start_of(batch)
                if start:
                    claims.append((start.previous_generation, start.last_lsn))
                for generation, lsn in claims:
                    proven[generation] = max(lsn, proven.get(generation, 0))
            for b in later:
                final = b.first_lsn - 1
                if not b.flags & (CONTROL | FRAGMENT):
                    final += b.count
                if b.generation >= at.generation and b.first_lsn > last and (
                        b.generation == store.generation or final <= proven[b.generation]):
                    self.damaged.append((last + 1, b.first_lsn - 1))
                    return None, Place(b.segment, b.offset, b.generation, b.first_lsn - 1, b.previous)
            self.damaged.append((last + 1, max(proofs)))
            return 'proven-damage', None
        lead, number = store.lead, at.segment.number
        if lead['clean'] and (lead['scan_segment'], lead['scan_offset'], lead['scan_lsn']) == (
                number, at.offset, last):
            return 'clean-end', None
        if later:
            return 'torn-out-of-order', None
        base = store.base(at.segment.slot)
        rest = store.data[base + at.offset:base + store.size]
        return 'torn-tail' if any(rest) else 'end-of-writing', None

    def state(self):
        """The last checkpoint: (coveredLsn, parts), or nothing."""
        lead = self.store.lead
        segment = self.store.segments.get(lead['state_segment'])
        batch = segment and self.store.batch(segment, lead['state_offset'])
        for frame in frames(batch.body) if batch else ():
            if frame.type == STATE:
                (covered,) = struct.unpack_from('<Q', frame.payload)
                if frame.flags & EXTERNAL:
                    return covered, [f.body for f in self.unit(descriptor(frame.payload[8:]))]
                return covered, [frame.payload[8:]]
        return None


def content(parts, as_hex):
    if as_hex:
        return {'length': sum(map(len, parts)), 'hex': b''.join(parts).hex()}
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return {'length': sum(map(len, parts)), 'sha256': digest.hexdigest()}


def lines(data, as_hex=False):
    """Everything there is to say of a store, as dicts."""
    log = Log(Store(data))
    ranges = sorted(log.damaged)
    for r in log.records:
        while ranges and ranges[0][0] <= r.lsn:
            yield {'damaged': dict(zip(('from', 'to'), ranges.pop(0)))}
        if r.lsn < log.store.lead['first_lsn']:
            continue
        if r.parts is None:
            yield {'damaged': {'from': r.lsn, 'to': r.lsn}}
        else:
            yield {'lsn': r.lsn, 'type': r.type, 'channel': r.channel, 'time': r.time,
                   **content(r.parts, as_hex)}
    for low, high in ranges:
        yield {'damaged': {'from': low, 'to': high}}
    state = log.state()
    yield {'state': state and {'coveredLsn': state[0], **content(state[1], as_hex)}}
    yield {'end': {'row': log.end_row, 'segment': log.end.segment.number,
                   'offset': log.end.offset, 'generation': log.end.generation,
                   'lsn': log.end.last_lsn}}


def main(arguments):
    as_hex = '--hex' in arguments
    with open([a for a in arguments if a != '--hex'][0], 'rb') as file:
        if file.read(2) == b'\x1f\x8b':
            data = gzip.open(file.name).read()
        else:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        for line in lines(data, as_hex):
            print(json.dumps(line))


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except Unreadable as error:
        sys.exit(f'varve_reader: {error}')
