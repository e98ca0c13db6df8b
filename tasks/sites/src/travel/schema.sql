CREATE TABLE users (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE COLLATE NOCASE, password TEXT NOT NULL) STRICT;
CREATE TABLE cities (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, country TEXT NOT NULL) STRICT;
CREATE TABLE hotels (
    id INTEGER PRIMARY KEY, city_id INTEGER NOT NULL REFERENCES cities, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    stars INTEGER NOT NULL, district TEXT NOT NULL, description TEXT NOT NULL, rating INTEGER NOT NULL, reviews INTEGER NOT NULL,
    breakfast INTEGER NOT NULL, parking INTEGER NOT NULL, pool INTEGER NOT NULL, pets INTEGER NOT NULL,
    free_cancellation INTEGER NOT NULL) STRICT;
CREATE TABLE rooms (
    id INTEGER PRIMARY KEY, hotel_id INTEGER NOT NULL REFERENCES hotels, name TEXT NOT NULL, sleeps INTEGER NOT NULL) STRICT;
CREATE INDEX rooms_by_hotel ON rooms (hotel_id);
CREATE TABLE nights (
    id INTEGER PRIMARY KEY, room_id INTEGER NOT NULL REFERENCES rooms, day TEXT NOT NULL, price INTEGER NOT NULL,
    free INTEGER NOT NULL CHECK (free >= 0)) STRICT;
CREATE UNIQUE INDEX nights_by_room ON nights (room_id, day);
CREATE TABLE bookings (
    id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE COLLATE NOCASE, user_id INTEGER REFERENCES users,
    room_id INTEGER NOT NULL REFERENCES rooms, check_in TEXT NOT NULL, check_out TEXT NOT NULL, guests INTEGER NOT NULL,
    first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL, breakfast INTEGER NOT NULL,
    parking INTEGER NOT NULL, payment TEXT NOT NULL, total INTEGER NOT NULL, status TEXT NOT NULL) STRICT;
CREATE TABLE events (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, day TEXT NOT NULL, title TEXT NOT NULL) STRICT;
-- What was entered for a booking that is not finished.
CREATE TABLE drafts (
    id INTEGER PRIMARY KEY, session_id TEXT NOT NULL UNIQUE, room_id INTEGER NOT NULL, check_in TEXT NOT NULL,
    check_out TEXT NOT NULL, guests INTEGER NOT NULL, first_name TEXT, last_name TEXT, email TEXT, phone TEXT,
    breakfast INTEGER, parking INTEGER, payment TEXT) STRICT;
-- Bookings that a session may see because it knew reference and name.
CREATE TABLE lookups (
    id INTEGER PRIMARY KEY, session_id TEXT NOT NULL, booking_id INTEGER NOT NULL, UNIQUE (session_id, booking_id)) STRICT;
