//! What a room, and one who is in it, may have at most.

use std::time::Duration;

/// Bounds. They are there so that no room takes what others need, and no peer what the room needs.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most who are in one room.
    pub peers: usize,
    /// Most rooms that one thread carries.
    pub rooms: usize,
    /// Most who are in rooms of all threads together.
    pub people: usize,
    /// Most of them who are in rooms of one owner.
    pub people_of_one: usize,
    /// Bits a second that one receiver is sent at most.
    pub receive_bps: u64,
    /// How long one may be silent on the network before they are out.
    pub silent: Duration,
    /// How long one may take to connect.
    pub connects: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            peers: 50,
            rooms: 1_000,
            people: 1_000,
            people_of_one: 250,
            receive_bps: 8_000_000,
            silent: Duration::from_secs(12),
            connects: Duration::from_secs(30),
        }
    }
}

/// Most bytes of a description of a session.
pub(crate) const MOST_SDP: usize = 128 * 1024;
/// Most lines of media in it: what one sends, and the places for what one receives.
pub(crate) const MOST_MEDIA: usize = 64;
/// Places in which one hears others, and those in which one sees them.
pub(crate) const MOST_HEARD: usize = 6;
pub(crate) const MOST_SEEN: usize = 25;
/// Most layers of a picture.
pub(crate) const MOST_LAYERS: usize = 3;
/// Most addresses from which one sends, at once and ever; from others nothing is looked at.
pub(crate) const MOST_ADDRESSES: usize = 8;
pub(crate) const MOST_ADDRESSES_EVER: usize = 128;
/// How many times of what came from an address may be sent there before somebody there has answered (as RFC 9000, section 8.1, has it), and most
/// questions to one that wait for an answer.
pub(crate) const TIMES_UNANSWERED: usize = 3;
pub(crate) const MOST_ASKED: usize = 16;
/// How long an answer to a check of the way lets more than checks go to an address (RFC 7675, section 5.1). Each way is
/// checked every three seconds at the least.
pub(crate) const CONSENT: Duration = Duration::from_secs(30);
/// Most things that one is told and has not heard yet.
pub(crate) const MOST_TOLD: usize = 64;
/// Most packets of a picture that wait to be sent to one receiver; above that it is stopped until a whole one comes.
pub(crate) const MOST_QUEUED: usize = 600;
/// Most packets that one receiver is sent before another's turn, and what is so soon that it is now.
pub(crate) const MOST_SENT_AT_ONCE: usize = 256;
pub(crate) const MOMENT: Duration = Duration::from_micros(500);
/// What is kept to be sent again: packets, and for how long.
pub(crate) const KEPT_PACKETS: usize = 1024;
/// How often a whole picture is asked of who sends, whoever wants one.
pub(crate) const WHOLE_PICTURE_EVERY: Duration = Duration::from_millis(500);
/// How often it is reckoned anew who is sent what; and how soon again where something has changed, however often it does.
pub(crate) const RECKON_EVERY: Duration = Duration::from_millis(250);
pub(crate) const RECKON_SOON: Duration = Duration::from_millis(20);
/// Most bits a second that are passed on of one layer: of sound, of which everybody in the room gets all, and of a picture.
pub(crate) const MOST_SOUND_BPS: u64 = 256_000;
pub(crate) const MOST_PICTURE_BPS: u64 = 12_000_000;
/// And most packets a second of each: sound has 400 of them at its shortest, and each is work, however little is in it.
pub(crate) const MOST_SOUND_PACKETS: u32 = 500;
pub(crate) const MOST_PICTURE_PACKETS: u32 = 3_000;
/// Most bytes in a packet that is passed on. Networks carry no more at once; and the library has 2,000 bytes for a packet with all that stands around it, and
/// would panic at a longer one in the name of who shall have it.
pub(crate) const MOST_PAYLOAD: usize = 1_500;
/// Most packets and bytes of one peer in a second, and at once; what comes beyond is not looked at.
pub(crate) const MOST_PACKETS: u32 = 5_000;
pub(crate) const MOST_BYTES: u64 = 4_000_000;
/// Most of what is sent to one receiver in a place that may be sent again, of all that is.
pub(crate) const MOST_AGAIN: f32 = 0.5;
/// What one line of sound takes, in bits a second.
pub(crate) const SOUND_BPS: u64 = 48_000;
/// What a receiver's line is held for before anything was measured, in bits a second.
pub(crate) const BEGIN_BPS: u64 = 1_000_000;
