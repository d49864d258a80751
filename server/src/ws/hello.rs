//! Who is there: the first frame of a socket, and whether whoever said hello may still be here.

use super::session::{End, HEARTBEAT, Opener, Socket, Who};
use crate::failure::Failure;
use identity::IdentityError;
use model::live::{ClientFrame, ServerFrame, Side};
use model::permission::ReadConversations;
use model::{ErrorCode, Problem, WidgetId};
use store::scope;
use words::text;

impl Socket {
    /// Reads until somebody has said who is there.
    pub(super) async fn hello(&mut self) -> Result<Who, End> {
        loop {
            let came = self.ws.recv().await;
            let Some(frame) = self.read(came).await? else { continue };
            let problem = match frame {
                ClientFrame::Hello { widget: None, token: None } => match self.member().await {
                    Ok(who) => return Ok(who),
                    Err(problem) => problem,
                },
                ClientFrame::Hello { widget: Some(widget), token } => match self.contact(&widget, token).await {
                    Ok(who) => return Ok(who),
                    Err(problem) => problem,
                },
                ClientFrame::Ping {} => {
                    self.send(&ServerFrame::Pong).await?;
                    continue;
                }
                _ => Problem::new(ErrorCode::Unauthenticated, text!("Say hello first.")),
            };
            self.refuse(&problem, None).await?;
            if problem.status >= 500 {
                return Err(End::Close(1011, "who is there could not be looked up"));
            }
        }
    }

    pub(super) async fn member(&mut self) -> Result<Who, Problem> {
        let caller = match &self.opener {
            Opener::Member { caller, .. } | Opener::Key { caller, .. } => caller.clone(),
            Opener::Nobody => {
                let detail = text!("Sign in, or open the socket with a key.");
                return Err(Problem::new(ErrorCode::Unauthenticated, detail));
            }
        };
        // Whoever is there hears what changes in the inbox.
        caller.may(ReadConversations).map_err(|denied| Failure::from(IdentityError::from(denied)).0)?;
        let session = self.app.capabilities.identity.current_session(&caller).await.map_err(|e| Failure::from(e).0)?;
        Ok(Who::Agent { caller, name: session.map(|session| session.member.name) })
    }

    pub(super) async fn contact(&mut self, widget: &str, token: Option<String>) -> Result<Who, Problem> {
        let unknown =
            || Problem::new(ErrorCode::NotFound, text!("There is no such widget. Copy the line for your page again."));
        let widget: WidgetId = widget.parse().map_err(|_| unknown())?;
        let (services, request) = (&self.app.capabilities.services, self.info.id);
        if let Some(token) = &token {
            let back = self.app.capabilities.conversations.come_back(widget, token, request).await;
            if let Some(caller) = back.map_err(|e| Failure::from(e).0)? {
                return Ok(Who::Contact { caller, widget, token: token.clone() });
            }
        }
        // Of a widget that is unknown, or whose company is suspended, nothing is said of the token: its visitor keeps it.
        let found = scope::of_widget(services, widget, request).await.map_err(|e| Failure::from(e).0)?;
        let caller = found.ok_or_else(unknown)?;
        if token.is_some() {
            let detail = text!("This token opens nothing here. Say hello without it.");
            return Err(Problem::new(ErrorCode::Unauthenticated, detail));
        }
        Ok(Who::Visitor { caller, widget, token: conversations::token() })
    }

    pub(super) async fn welcome(&mut self, who: &Who) -> Result<(), End> {
        let current = match who {
            Who::Contact { caller, .. } => match self.app.capabilities.conversations.current(caller).await {
                Ok(current) => current,
                Err(error) => {
                    self.refuse(&Failure::from(error).0, None).await?;
                    return Err(End::Close(1011, "the conversation could not be read"));
                }
            },
            Who::Visitor { .. } | Who::Agent { .. } => None,
        };
        let waiting = match who {
            // Without it the number is only as old as the page.
            Who::Agent { caller, .. } => self.app.capabilities.conversations.waiting(caller).await.ok(),
            Who::Visitor { .. } | Who::Contact { .. } => None,
        };
        let calls = match who {
            // Without it there is no button.
            Who::Visitor { caller, .. } | Who::Contact { caller, .. } => {
                self.app.capabilities.conversations.calls(caller).await.unwrap_or_default()
            }
            Who::Agent { .. } => false,
        };
        let (r#as, token) = match who {
            Who::Visitor { token, .. } | Who::Contact { token, .. } => (Side::Contact, Some(token.as_str())),
            Who::Agent { .. } => (Side::Agent, None),
        };
        self.send(&ServerFrame::Welcome {
            r#as,
            token,
            conversation: current.as_ref().map(|c| c.id),
            last_seq: current.as_ref().map_or(0, |c| c.last_seq),
            heartbeat_s: HEARTBEAT.as_secs(),
            waiting,
            calls,
        })
        .await
    }

    /// Ends the socket of somebody whose credentials are no longer good, or allow something else than when it was opened.
    pub(super) async fn prove(&mut self, who: &Who) -> Result<(), End> {
        let (app, request) = (&self.app, self.info.id);
        let good = match (who, &self.opener) {
            (Who::Visitor { widget, .. }, _) => scope::of_widget(&app.capabilities.services, *widget, request)
                .await
                .map(|c| c.is_some())
                .map_err(Failure::from),
            (Who::Contact { widget, token, .. }, _) => {
                let back = app.capabilities.conversations.come_back(*widget, token, request).await;
                back.map(|c| c.is_some()).map_err(Failure::from)
            }
            (Who::Agent { .. }, Opener::Member { session, .. }) => {
                let lifetime = app.capabilities.sessions.lifetime();
                let found = scope::of_quiet_session(&app.capabilities.services, session, lifetime, request).await;
                if let Ok(Some(found)) = &found
                    && found.actor() != who.caller().actor()
                {
                    return Err(End::Close(1012, "what you may do has changed"));
                }
                found.map(|c| c.is_some()).map_err(Failure::from)
            }
            (Who::Agent { .. }, Opener::Key { secret, .. }) => {
                let found = app.capabilities.identity.authenticate_key(secret, request).await;
                found.map(|c| c.is_some()).map_err(Failure::from)
            }
            (Who::Agent { .. }, Opener::Nobody) => Ok(false),
        };
        match good {
            Ok(true) => Ok(()),
            Ok(false) => Err(End::Close(1008, "the credentials are no longer good")),
            // Who cannot be asked about is asked about again at the next beat.
            Err(_) => Ok(()),
        }
    }
}
