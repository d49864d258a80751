//! What a socket hears: conversations that it follows, in order and without gaps, and what changes in the inbox.

use super::act::id;
use super::session::{End, Followed, PATIENCE, Socket, Who};
use crate::failure::Failure;
use axum::body::Bytes;
use axum::extract::ws::{Message as Frame, Utf8Bytes};
use conversations::live::{Heard, Listener};
use conversations::{ConversationError, MessagesFrom};
use futures_util::SinkExt as _;
use model::live::ServerFrame;
use model::{ConversationId, ErrorCode, Problem};
use store::Caller;
use tokio::time::timeout;
use words::text;

/// Conversations that a socket may follow.
const FOLLOWED: usize = 16;
/// Messages that are read at once while catching up.
const PAGE: u32 = 100;
/// Frames that are written together.
const TOGETHER: usize = 32;

impl Socket {
    pub(super) async fn subscribe(
        &mut self,
        conversation: &str,
        after: u64,
        caller: &Caller,
        listener: &mut Listener,
        followed: &mut Followed,
    ) -> Result<(), End> {
        // Whether the caller may is asked first; what is said between the question and the following is caught up with.
        let found =
            async { Ok::<_, Failure>(self.app.capabilities.conversations.get(caller, id(conversation)?).await?) };
        let found = match found.await {
            Ok(found) => found,
            Err(Failure(problem)) => return self.refuse(&problem, None).await,
        };
        if followed.len() >= FOLLOWED && !followed.contains_key(&found.id) {
            let detail = text!("A socket follows at most 16 conversations. Unsubscribe from one first.");
            return self.refuse(&Problem::new(ErrorCode::Conflict, detail), None).await;
        }
        listener.follow(found.id);
        // A number that is not there yet would hide what is still to come.
        followed.insert(found.id, after.min(found.last_seq));
        self.catch_up(found.id, caller, listener, followed).await?;
        match followed.get(&found.id).copied() {
            Some(seq) => self.send(&ServerFrame::CaughtUp { conversation: found.id, seq }).await,
            None => self.refuse(&Problem::not_found(), None).await,
        }
    }

    /// Sends what the database has after what was sent. A conversation that is somebody else's now is followed no more.
    async fn catch_up(
        &mut self,
        id: ConversationId,
        caller: &Caller,
        listener: &mut Listener,
        followed: &mut Followed,
    ) -> Result<(), End> {
        loop {
            let Some(sent) = followed.get_mut(&id) else { return Ok(()) };
            let after = MessagesFrom::After(*sent);
            let mut page = match self.app.capabilities.conversations.messages(caller, id, after, Some(PAGE)).await {
                Ok(page) => page,
                Err(ConversationError::NotFound) => {
                    followed.remove(&id);
                    listener.leave(id);
                    return Ok(());
                }
                Err(error) => {
                    tracing::warn!(%error, "a socket could not catch up");
                    return Err(End::Close(1011, "messages could not be read; open again"));
                }
            };
            if caller.contact().is_ok()
                && let Err(error) = self.app.capabilities.meetings.personal(caller, &mut page.data).await
            {
                // The link leads there as it stands, too: then they come as a guest.
                tracing::warn!(%error, "the links of meetings could not be made a contact's own");
            }
            for message in &page.data {
                self.feed(conversations::live::frame(message)).await?;
                *sent = message.seq;
            }
            self.flush().await?;
            if page.next_cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether a frame that was made once for all has something in it that a contact is told in a form of their own: the link of a meeting.
    fn is_personal(&self, who: &Who, frame: &[u8]) -> bool {
        matches!(who, Who::Contact { .. })
            && std::str::from_utf8(frame).is_ok_and(|frame| self.app.capabilities.meetings.links(frame))
    }

    pub(super) async fn feed(&mut self, frame: Bytes) -> Result<(), End> {
        let text = Utf8Bytes::try_from(frame).map_err(|_| End::Close(1011, "a frame could not be written"))?;
        match timeout(PATIENCE, self.ws.feed(Frame::Text(text))).await {
            Ok(fed) => Ok(fed?),
            Err(_) => Err(End::Gone),
        }
    }

    pub(super) async fn flush(&mut self) -> Result<(), End> {
        match timeout(PATIENCE, self.ws.flush()).await {
            Ok(flushed) => Ok(flushed?),
            Err(_) => Err(End::Gone),
        }
    }

    /// Passes on what was heard, and what came meanwhile, in one write.
    pub(super) async fn pass_on(
        &mut self,
        first: Heard,
        who: &Who,
        listener: &mut Listener,
        followed: &mut Followed,
    ) -> Result<(), End> {
        let (mut next, mut count) = (Some(first), 0);
        while let Some(heard) = next {
            match heard {
                Heard::Message { conversation, seq, frame } => match followed.get_mut(&conversation) {
                    Some(sent) if seq == *sent + 1 && !self.is_personal(who, &frame) => {
                        *sent = seq;
                        self.feed(frame).await?;
                    }
                    Some(sent) if seq > *sent => self.catch_up(conversation, who.caller(), listener, followed).await?,
                    _ => {}
                },
                Heard::Written { conversation, seq } => {
                    if followed.get(&conversation).is_some_and(|sent| seq > *sent) {
                        self.catch_up(conversation, who.caller(), listener, followed).await?;
                    }
                }
                Heard::Typing { conversation, frame } => {
                    if followed.contains_key(&conversation) {
                        self.feed(frame).await?;
                    }
                }
                Heard::Changed { frame } => self.feed(frame).await?,
            }
            count += 1;
            next = if count < TOGETHER { listener.try_next() } else { None };
        }
        if listener.missed() {
            self.look_again(who, listener, followed).await?;
        }
        self.flush().await
    }

    /// Reads what may have been missed, and leaves what is out of reach by now.
    pub(super) async fn look_again(
        &mut self,
        who: &Who,
        listener: &mut Listener,
        followed: &mut Followed,
    ) -> Result<(), End> {
        for id in followed.keys().copied().collect::<Vec<_>>() {
            self.catch_up(id, who.caller(), listener, followed).await?;
        }
        if matches!(who, Who::Agent { .. }) {
            self.send(&ServerFrame::Changed { conversation: None, line: None, waiting: None }).await?;
        }
        Ok(())
    }
}
