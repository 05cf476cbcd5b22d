-- The rows that let a partner in go with the partner: a link that was made by mistake does not keep one
-- that never sold anything.

-- online: new tables of a few rows; the release before does not know them
alter table portal_link
  drop constraint portal_link_partner_slug_fkey,
  add constraint portal_link_partner_slug_fkey foreign key (partner_slug) references partner
    on delete cascade;
-- online: as above
alter table portal_session
  drop constraint portal_session_partner_slug_fkey,
  add constraint portal_session_partner_slug_fkey foreign key (partner_slug) references partner
    on delete cascade;
-- online: as above
alter table portal_token
  drop constraint portal_token_partner_slug_fkey,
  add constraint portal_token_partner_slug_fkey foreign key (partner_slug) references partner
    on delete cascade;
-- online: as above
alter table partner_trial
  drop constraint partner_trial_partner_slug_fkey,
  add constraint partner_trial_partner_slug_fkey foreign key (partner_slug) references partner
    on delete cascade;
