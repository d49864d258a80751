//! What a frame of the client's does.

use super::session::{End, Followed, Socket, Who};
use crate::failure::Failure;
use conversations::live::Listener;
use conversations::{ConversationError, NewMessage};
use model::conversation::Author;
use model::live::{ClientFrame, ServerFrame};
use model::permission::WriteConversations;
use model::{ConversationId, ErrorCode, Problem};
use std::time::Duration;
use tokio::time::Instant;
use words::text;

/// How often one socket's typing is passed on.
const TYPING: Duration = Duration::from_secs(3);

/// The id of a conversation that a frame names; what is none is answered like one that is unknown.
pub(super) fn id(text: &str) -> Result<ConversationId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

impl Socket {
    /// Does what a frame asks for. What goes wrong is told, and the socket stays.
    pub(super) async fn act(
        &mut self,
        frame: ClientFrame,
        who: &mut Who,
        listener: &mut Listener,
        followed: &mut Followed,
    ) -> Result<(), End> {
        // Who has said nothing yet has no conversation: there is none to name.
        let named = match &frame {
            ClientFrame::Send { conversation, .. } => conversation.is_some(),
            ClientFrame::Subscribe { .. }
            | ClientFrame::Handoff { .. }
            | ClientFrame::Call { .. }
            | ClientFrame::Judge { .. }
            | ClientFrame::Typing { .. } => true,
            _ => false,
        };
        if named && matches!(who, Who::Visitor { .. }) {
            let client_id =
                if let ClientFrame::Send { client_id, .. } = &frame { Some(client_id.as_str()) } else { None };
            return self.refuse(&Problem::not_found(), client_id).await;
        }
        match frame {
            ClientFrame::Hello { .. } => {
                self.refuse(&Problem::new(ErrorCode::Conflict, text!("Hello was said already.")), None).await
            }
            ClientFrame::Ping {} => self.send(&ServerFrame::Pong).await,
            ClientFrame::Subscribe { conversation, after } => {
                self.subscribe(&conversation, after, who.caller(), listener, followed).await
            }
            ClientFrame::Unsubscribe { conversation } => {
                if let Ok(id) = conversation.parse()
                    && followed.remove(&id).is_some()
                {
                    listener.leave(id);
                }
                Ok(())
            }
            ClientFrame::Send { conversation, client_id, text } => {
                let new = NewMessage { text, client_id };
                match self.say(conversation, &new, who).await {
                    Ok((message, begun)) => {
                        self.send(&ServerFrame::Sent { client_id: &new.client_id, message: &message }).await?;
                        let id = message.conversation_id;
                        if begun && !followed.contains_key(&id) {
                            return self.subscribe(&id.to_string(), 0, who.caller(), listener, followed).await;
                        }
                        Ok(())
                    }
                    Err(Failure(problem)) => self.refuse(&problem, Some(&new.client_id)).await,
                }
            }
            ClientFrame::Handoff { conversation } => {
                let handed_off = async {
                    let id = id(&conversation)?;
                    self.app.capabilities.conversations.hand_off(who.caller(), id).await?;
                    Ok::<_, Failure>(())
                };
                match handed_off.await {
                    Ok(()) => Ok(()),
                    Err(Failure(problem)) => self.refuse(&problem, None).await,
                }
            }
            ClientFrame::Call { conversation } => {
                if let Err(problem) = self.may_say(who) {
                    return self.refuse(&problem, None).await;
                }
                let called = async {
                    let id = id(&conversation)?;
                    self.app.capabilities.conversations.call(who.caller(), id).await?;
                    Ok::<_, Failure>(())
                };
                match called.await {
                    Ok(()) => Ok(()),
                    Err(Failure(problem)) => self.refuse(&problem, None).await,
                }
            }
            ClientFrame::Judge { conversation, seq, answers } => {
                let judged = async {
                    // Who is no contact has none to name.
                    who.caller().contact().map_err(ConversationError::from)?;
                    let id = id(&conversation)?;
                    self.app.capabilities.conversations.judge(who.caller(), id, seq, answers).await?;
                    Ok::<_, Failure>(())
                };
                match judged.await {
                    Ok(()) => Ok(()),
                    Err(Failure(problem)) => self.refuse(&problem, None).await,
                }
            }
            ClientFrame::Typing { conversation } => {
                let id = conversation.parse::<ConversationId>().ok().filter(|id| followed.contains_key(id));
                let Some(id) = id else { return self.refuse(&Problem::not_found(), None).await };
                // Who may only read writes nothing.
                if who.caller().participant(WriteConversations).is_err() {
                    return Ok(());
                }
                if self.typed.is_none_or(|at| at.elapsed() >= TYPING) {
                    self.typed = Some(Instant::now());
                    let (from, name) = match &*who {
                        Who::Agent { name, .. } => (Author::Agent, name.as_deref()),
                        _ => (Author::Contact, None),
                    };
                    let live = self.app.capabilities.conversations.live();
                    live.typing(who.caller().scope().tenant(), id, from, name, Some(listener.id()));
                }
                Ok(())
            }
        }
    }

    /// Whether one more message is taken, or a call asked for: of contacts of one address so many are.
    fn may_say(&self, who: &Who) -> Result<(), Problem> {
        if matches!(who, Who::Agent { .. }) {
            return Ok(());
        }
        self.seat.may_say().map_err(|wait| {
            let detail = text!("Many messages come from your address. Wait a little.");
            let mut problem = Problem::new(ErrorCode::RateLimited, detail);
            problem.retry_after = Some(wait.until.as_secs() + 1);
            problem
        })
    }

    /// Says something on behalf of whoever is there; a visitor becomes a contact by it. Also says whether the place was
    /// left to us.
    pub(super) async fn say(
        &mut self,
        conversation: Option<String>,
        new: &NewMessage,
        who: &mut Who,
    ) -> Result<(model::conversation::Message, bool), Failure> {
        let app = self.app.clone();
        self.may_say(who)?;
        if let Who::Visitor { caller, widget, token } = who {
            // What cannot be said begins nothing, and so takes nothing from others of this address.
            new.check()?;
            if let Err(wait) = self.seat.may_visit() {
                let mut problem = Problem::new(
                    ErrorCode::RateLimited,
                    text!("Many conversations were begun from your address. Try again in a few minutes."),
                );
                problem.retry_after = Some(wait.until.as_secs() + 1);
                return Err(problem.into());
            }
            let caller = app.capabilities.conversations.visit(caller, *widget, token).await?;
            *who = Who::Contact { caller, widget: *widget, token: std::mem::take(token) };
        }
        match who {
            Who::Agent { caller, .. } => {
                let id = id(conversation.as_deref().unwrap_or_default())?;
                Ok((app.capabilities.conversations.reply(caller, id, new).await?.0, false))
            }
            Who::Contact { caller, .. } | Who::Visitor { caller, .. } => {
                let begun = conversation.is_none();
                let id = match conversation {
                    Some(named) => id(&named)?,
                    None => app.capabilities.conversations.open(caller).await?,
                };
                Ok((app.capabilities.conversations.say(caller, id, new).await?.0, begun))
            }
        }
    }
}
