//! The table of `docs/promises.md`: a promise, its test or `pending`, and what that asserts or why.

/// In the order of the promises. Only what was read and goes red counts as proven.
pub const STANDS: &str = "
CALL-01 | tests/it/calls/recorded.rs::every_field_of_a_call_serves_the_call_and_none_says_who_somebody_is | every personal field of a call serves to connect it or to prove a token, and is an id, a time, a word or a count
CALL-02 | tests/it/prohibitions.rs::both_halves_of_the_records_of_processing_are_complete | both halves of Art. 30 say who, recipients, transfers, security, and for every purpose the people, the data and their end
CALL-03 | tests/it/calls.rs::a_guest_calls_somebody_takes_it_and_both_hang_up | a call is made, joined, taken and ended by the API
CALL-04 | tests/it/refused.rs::an_undecided_record_does_not_build_and_the_message_says_what_to_write | a field or record without a decision fails the build
CALL-05 | tests/it/pages.rs::a_mailed_code_signs_a_browser_in_until_it_signs_out | signing in on a page sets the one cookie, signing out takes it away and ends the session
CALL-06 | tests/it/policy.rs::no_page_for_anybody_sets_a_cookie_runs_a_script_or_loads_from_elsewhere | nobody who is not signed in gets a cookie on any route
CALL-07 | tests/it/policy.rs::no_page_for_anybody_sets_a_cookie_runs_a_script_or_loads_from_elsewhere | no page holds a script or anything from another host, and its policy forbids both
CALL-08 | tests/it/prohibitions.rs::no_field_of_any_record_holds_what_somebody_concluded_about_a_person | the categories of all fields are those of given and technical data; one for inferred data does not build
CALL-09 | tests/it/workspaces.rs::members_have_a_name_where_the_profile_asks_for_one_and_nowhere_else | a name is required of members in `calls`
CALL-10 | tests/it/privacy_at_rest.rs::nothing_that_somebody_typed_lies_in_the_open_in_any_form | the workspace's name is sealed like a person's
CALL-11 | tests/it/calls.rs::guests_come_from_where_the_app_says_and_a_reference_counts_when_it_is_signed | an app's key leads to one workspace, from its own pages and bundles only
CALL-12 | tests/it/billing.rs::a_card_that_somebody_types_is_masked_before_it_is_stored_or_shown | the number of a card in a message and in what Stripe tells is masked; nothing of it lies in any table, and the pages are Stripe's
CALL-13 | tests/it/calls.rs::a_guest_is_gone_after_a_day_and_a_call_is_there_after_ten_years | a guest is a token that is gone after a day, and no contact was made
CALL-14 | tests/it/calls/signals.rs::what_devices_tell_each_other_arrives_and_is_found_nowhere_afterwards | no candidate, no address and no socket is in any row after a call
CALL-15 | tests/it/calls/recorded.rs::every_field_of_a_call_serves_the_call_and_none_says_who_somebody_is | no other record serves calls, and no field of a call serves anything else
CALL-16 | tests/it/calls/deleting.rs::calls_are_deleted_by_call_guest_app_reference_and_date_and_nothing_of_them_is_left | whichever way it is asked for, no row names the call afterwards; without being asked it is there after ten years (calls.rs)
CALL-17 | tests/it/calls/recorded.rs::the_functions_of_calls_may_write_no_file_and_start_no_recording | both functions deny every service that records and allow none; bodies of sound and pictures are refused, the pages hold no recorder
CALL-18 | tests/it/layers.rs::deployed_code_connects_to_aws_and_through_the_egress_door_and_in_no_other_way | no deployed code makes a connection but the clients of AWS and the egress door, whose closed list of recipients is rendered
CALL-19 | tests/it/auth.rs::the_mail_shows_the_code_alone_on_a_line_and_loads_nothing_from_anywhere | the mails of sign-up and sign-in load nothing from anywhere
CALL-20 | tests/it/calls/signals.rs::what_devices_tell_each_other_arrives_and_is_found_nowhere_afterwards | descriptions and candidates arrive at the other device and are in no row afterwards
CALL-21 | tests/it/layers/needed.rs::every_personal_field_is_read_by_something_or_says_what_it_proves | every personal field of every record is read by the program, or is named with what it proves
CALL-22 | tests/it/calls.rs::a_member_calls_a_guest_and_of_two_calls_against_each_other_the_first_goes_on | what is kept settles who is in which call
CALL-23 | tests/it/privacy_at_rest.rs::the_log_names_nobody_whatever_fails | nothing that somebody typed is in any log line, whichever call fails
CALL-24 | tests/it/mail_in/support.rs::a_question_is_answered_by_mail_and_goes_on_by_mail | a question, its answer by mail and the reply to it are one thread for both sides
CALL-25 | tests/it/billing.rs::a_plan_is_bought_on_a_page_of_stripes_and_holds_when_stripe_says_so | payment data change the plan of the workspace and nothing else
CALL-26 | tests/it/mail_in/support.rs::support_is_kept_for_two_years_after_the_last_word_and_no_longer_than_the_account | a message is there until two years after it was written, and a thread as long after its last one
CALL-27 | tests/it/erasure/account.rs::of_a_former_member_nothing_but_their_words_is_left_after_thirty_days | of whoever left a workspace nothing but their words is there after thirty days
CALL-28 | tests/it/erasure/workspace.rs::after_seven_days_nothing_is_left_of_a_workspace_and_its_neighbour_is_as_it_was | of a closed workspace no row and no key is left, and its neighbour is the same byte for byte
CALL-29 | tests/it/exports.rs::a_contacts_export_holds_everything_about_them_and_nothing_of_a_neighbour | everything that was typed about a person is in the copy, and nothing of a neighbour
CALL-30 | tests/it/privacy/rectified.rs::what_was_put_right_is_found_nowhere_as_it_was | everything kept is opened and searched: the old name, address and message are nowhere, but in the words of the request, which end
CALL-31 | tests/it/privacy/requests.rs::an_erasure_that_was_asked_for_takes_the_contact_and_ends_when_nothing_is_left | what somebody asked to be erased is in no row, and the request ends when it is so
CALL-32 | tests/it/exports.rs::a_visitors_own_export_leaves_out_what_is_the_teams_and_says_so | a visitor takes conversation and profile along as JSON, checked against its schema
CALL-33 | tests/it/analytics/refusal.rs::who_refuses_is_in_no_figures_and_takes_back_what_was_said | who objects is in no figures from that call on, and what was kept goes with it
CALL-34 | tests/it/privacy/restriction.rs::what_is_set_aside_is_kept_and_used_by_nobody_until_it_is_used_again | what is set aside is in no list, read and written by nobody, and there after its time
CALL-35 | tests/it/mail_in/privacy.rs::a_mail_becomes_a_request_when_the_address_on_file_confirms_it | a mail is a request when the address on file has said so by a POST, and a forged one is a letter to its victim and nothing else
CALL-36 | tests/it/regions.rs::whoever_asks_has_the_same_rights_wherever_they_live | requests are answered alike whatever country and language come with them, and no field and no code asks where somebody lives
CALL-37 | tests/it/announcements/changes.rs::every_owner_hears_of_a_change_once_before_it_holds_and_nobody_else_does | every owner gets one mail before the day, whatever they refused, and who becomes an owner meanwhile as well
CALL-38 | tests/it/changes.rs::a_field_a_purpose_an_end_or_a_recipient_is_never_a_change_of_wording | another end, another module or another service is a change of substance, another sentence is not
CALL-39 | tests/it/privacy/accounts.rs::whoever_looks_finds_the_contact_what_can_be_asked_and_where | the contact address is served where programs find it
FLOW-01 | tests/it/policy.rs::the_committed_policy_is_what_the_code_says | the committed files equal the rendering, and another text needs another date
FLOW-02 | tests/it/workspaces.rs::members_have_a_name_where_the_profile_asks_for_one_and_nowhere_else | a name is refused in `flows`
FLOW-03 | tests/it/account.rs::preferences_lie_on_the_account_and_change_one_by_one | preferences are kept with the account and read back from it
FLOW-04 | tests/it/flows.rs::a_draft_is_made_shown_changed_under_its_version_and_deleted_with_everything | a flow is kept as its builder saved it, and gone with everything when it is deleted
FLOW-05 | tests/it/privacy_at_rest.rs::nothing_that_somebody_typed_lies_in_the_open_in_any_form | messages are found by the team and nowhere in the database in clear
FLOW-06 | tests/it/flow_runs.rs::the_way_through_a_flow_and_what_it_asked_for_lie_with_the_conversation_and_go_with_it | the way that somebody went lies with their conversation and goes with it; what stays are sums about nodes
FLOW-07 | tests/it/flow_runs.rs::the_way_through_a_flow_and_what_it_asked_for_lie_with_the_conversation_and_go_with_it | what a flow asked for is shown to the team, lies nowhere in the open, and is gone with the conversation
FLOW-08 | tests/it/flow_runs.rs::figures_count_visits_retries_and_ends_once_and_hold_nobody | flows are listed with the time they were made, and the conversations that each version led are counted once
FLOW-09 | tests/it/analytics.rs::of_a_beacon_closed_words_and_counts_are_kept_under_a_pseudonym_of_the_week | load time and a word of a closed list for what failed are kept, and no text of an error is taken
FLOW-10 | tests/it/analytics.rs::of_a_beacon_closed_words_and_counts_are_kept_under_a_pseudonym_of_the_week | of the browser its family and the first number of its version are kept
FLOW-11 | tests/it/analytics/residue.rs::an_address_and_the_text_of_a_browser_are_in_no_store_and_in_no_log | address and text of the browser are in no table, key, count or log line in any form; the country that the edge names is kept
FLOW-12 | tests/it/billing.rs::a_card_that_somebody_types_is_masked_before_it_is_stored_or_shown | no full number of a card is stored
FLOW-13 | tests/it/billing.rs::a_plan_is_bought_on_a_page_of_stripes_and_holds_when_stripe_says_so | of a card four digits, brand and end are shown; the type has no room for more (unit property)
FLOW-14 | tests/it/billing.rs::a_plan_is_bought_on_a_page_of_stripes_and_holds_when_stripe_says_so | the billing address typed at Stripe is kept and shown to whoever may see it
FLOW-15 | tests/it/billing/papers.rs::invoices_are_listed_with_what_corrected_them_and_lead_to_their_pdf | payments, invoices and refunds are listed once each, whatever the order they were told in
FLOW-16 | tests/it/analytics/refusal.rs::who_refuses_is_in_no_figures_and_takes_back_what_was_said | the purpose of improving ends with an objection
FLOW-17 | tests/it/billing.rs::a_payment_that_fails_is_mailed_to_owners_once_and_the_end_of_a_plan_takes_nothing_away | payment data serve reminders and the subscription
FLOW-18 | tests/it/announcements.rs::news_of_the_service_reach_every_account_but_those_that_refused_them | mail has classes; news of the service reach everybody who has not refused them
FLOW-19 | tests/it/analytics/weeks.rs::a_week_that_is_over_is_counted_and_no_count_is_about_fewer_than_ten_people | figures are counts of our own about ten people at least, whatever else there was stands under `rest`
FLOW-20 | tests/it/limits.rs::a_network_is_stopped_its_neighbours_with_it_and_nobody_else | tries are counted per network and then refused, and nobody else is
FLOW-21 | tests/it/exports/disclosures.rs::the_register_keeps_what_was_handed_over_and_names_nobody | the register says who got what, by whose decision and on which ground, for 36 months; holds are proven in retention.rs
FLOW-22 | tests/it/policy.rs::the_policy_names_every_service_of_the_templates_and_a_new_one_must_be_explained | the policy names the database that the templates deploy
FLOW-23 | tests/it/privacy_at_rest.rs::nothing_that_somebody_typed_lies_in_the_open_in_any_form | no word that was typed lies in the database in any of the searched forms
FLOW-24 | tests/it/transport.rs::everything_travels_by_tls_and_browsers_are_told_so | replies carry HSTS, mail goes by TLS only, and every bucket denies what is not
FLOW-25 | tests/it/permissions.rs::every_role_may_on_every_member_route_exactly_what_the_matrix_says | every role is tried on every member route of the template
FLOW-26 | tests/it/second_factor.rs::a_flows_workspace_shows_nothing_to_a_session_without_a_second_factor | every route of a `flows` workspace refuses a session without a second factor
FLOW-27 | tests/it/restore.rs::whoever_was_erased_is_erased_again_when_a_backup_is_put_back | both tables can be brought back to any second, and a drill puts a backup back: what is served from it knows nobody who was erased since
FLOW-28 | tests/it/deployment.rs::both_tables_let_ttl_delete_and_only_the_data_table_has_a_stream_and_long_backups | the templates keep 30 days of backups of data and 7 of keys
FLOW-29 | tests/it/security.rs::every_week_a_dated_report_says_what_is_known_of_the_parts_and_a_weakness_fails_the_run | a planted weakness of a part is found, named in a dated report and fails the weekly run, and what nobody could look at is said to be unchecked
FLOW-30 | pending | 99.9 % over 30 days is measured and guarded by alarms (`tests/it/deployment/objective.rs`); that it is kept shows on a real account that people are served from, and nowhere else
FLOW-31 | tests/it/refused.rs::an_undecided_record_does_not_build_and_the_message_says_what_to_write | a record without a retention class, and a write without an end, fail the build
FLOW-32 | tests/it/erasure/account.rs::after_seven_days_nothing_is_left_of_an_account_anywhere | an account is there until its seven days are over, and then no row and no key of it
FLOW-33 | tests/it/expiry.rs::an_expired_conversation_is_gone_for_everybody_to_the_millisecond | a conversation is there a millisecond before 90 days and gone at 90 days
FLOW-34 | tests/it/retention.rs::a_shorter_retention_holds_with_the_next_read_and_a_job_brings_it_to_what_is_stored | fewer days hold with the next read and reach what is stored
FLOW-35 | tests/it/billing/papers.rs::documents_outlive_their_workspace_and_end_after_seven_years_and_not_before | a document is there a millisecond before the end of the seventh year after its own, and gone after it
FLOW-36 | tests/it/analytics/weeks.rs::what_is_never_counted_is_an_alarm_after_eleven_months_and_ends_all_the_same | what was never counted is reported from month 12 on and gone after twelve months
FLOW-37 | tests/it/erasure/account.rs::who_does_not_want_to_wait_is_erased_within_minutes | the holder deletes the account by one call, after seven days or at once
FLOW-38 | tests/it/simulation.rs::whatever_happens_what_was_promised_about_erasure_and_retention_holds | thirty days after a deletion no item names whoever was deleted; the days of all copies are summed at compile time
FLOW-39 | tests/it/policy.rs::the_policy_names_every_service_of_the_templates_and_a_new_one_must_be_explained | a service in the templates that readers are not told of stops the rendering
FLOW-40 | tests/it/policy.rs::no_page_for_anybody_sets_a_cookie_runs_a_script_or_loads_from_elsewhere | no page names a host of Google's
FLOW-41 | tests/it/auth.rs::the_mail_shows_the_code_alone_on_a_line_and_loads_nothing_from_anywhere | a mail with a code has the code, once, and goes to its address alone
FLOW-42 | tests/it/oidc.rs::what_leaves_besides_aws_is_counted_under_the_name_of_a_listed_recipient | what leaves is counted by its recipient, and only listed ones are asked
FLOW-43 | tests/it/announcements.rs::an_offer_arrives_before_the_one_click_and_none_after_it | without a consent on record no offer is sent, and taking it back holds at once
FLOW-44 | tests/it/layers.rs::deployed_code_connects_to_aws_and_through_the_egress_door_and_in_no_other_way | no deployed code makes a connection but the clients of AWS and the egress door, whose closed list of recipients is rendered
FLOW-45 | tests/it/exports/disclosures.rs::the_person_is_told_by_mail_once_and_not_before_the_law_lets_them_know | the person is told by mail when it is approved, at the latest when the silence ends, and finds it in their own copy
FLOW-46 | tests/it/exports/transfers.rs::a_workspace_changes_hands_by_two_owners_words_and_every_owner_is_told_a_month_before | two owners agree, every owner hears of it a month before, and the copy of the whole workspace goes along
FLOW-47 | tests/it/exports/disclosures.rs::what_is_handed_over_takes_two_people_and_is_no_more_than_was_named | two people decide, and the copy holds the named conversations alone
FLOW-48 | tests/it/exports.rs::an_accounts_export_holds_the_account_and_no_secret | an account's copy holds its address, sessions and seats, and no secret
FLOW-49 | tests/it/privacy/rectified.rs::what_was_put_right_is_found_nowhere_as_it_was | a correction that is decided replaces the value in every row, and no copy outlives its seven days
FLOW-50 | tests/it/privacy/requests.rs::an_erasure_that_was_asked_for_takes_the_contact_and_ends_when_nothing_is_left | after the decision the contact is nowhere, and only what was asked is remembered
FLOW-51 | tests/it/exports.rs::the_same_data_makes_the_same_parts | two copies of the same data are the same bytes, named by checksums
FLOW-52 | tests/it/announcements.rs::an_offer_arrives_before_the_one_click_and_none_after_it | an offer arrives before the one click, and none after it
FLOW-53 | tests/it/privacy/restriction.rs::what_is_set_aside_is_kept_and_used_by_nobody_until_it_is_used_again | a restricted contact is refused everywhere but where it asks about its own data
FLOW-54 | tests/it/analytics/refusal.rs::who_objects_is_in_no_figures_from_then_on_and_what_was_kept_goes_within_a_minute | an objection ends figures about use by itself, and offers; the rest is decided by a person
FLOW-55 | tests/it/privacy/deadlines.rs::a_request_that_nobody_answers_is_reminded_of_escalated_and_overdue_once_each | reminders on day 20 and 27, the overdue alarm on day 30, each once
FLOW-56 | tests/it/pages.rs::a_mailed_code_signs_a_browser_in_until_it_signs_out | the cookie keeps a browser signed in over reloads, and nothing else does
FLOW-57 | tests/it/prohibitions.rs::whatever_is_done_on_the_pages_one_cookie_is_set_and_the_list_says_which | pages, sign-in and preferences set one cookie, the one that the rendered list names
FLOW-58 | tests/it/conversations.rs::a_visitor_and_a_member_talk | a whole conversation by clients that keep no cookies
FLOW-59 | tests/it/regions.rs::nothing_of_a_deployment_lies_in_another_region_or_is_copied_there | no resource of the templates names a region, and none copies data to another one
FLOW-60 | tests/it/passwords.rs::signing_up_asks_for_an_adult_and_for_a_password_that_is_hard_to_guess | signing up without the attestation is refused
FLOW-61 | tests/it/privacy/reports.rs::anybody_reports_a_child_and_what_they_name_is_set_aside_at_once | a report of anybody sets aside at once what it names, alarms the owners or the operator, and waits for a decision within a day
FLOW-62 | tests/it/announcements/changes.rs::every_owner_hears_of_a_change_once_before_it_holds_and_nobody_else_does | owners get one mail that leads to the policy with its date
FLOW-63 | tests/it/announcements/changes.rs::who_renews_after_the_day_has_accepted_and_before_it_is_shown_what_comes | the first renewal after the day writes the version and the time down, once
CHAT-01 | tests/it/refused.rs::an_undecided_record_does_not_build_and_the_message_says_what_to_write | a personal field without one of the closed purposes fails the build
CHAT-02 | tests/it/workspaces.rs::members_have_a_name_where_the_profile_asks_for_one_and_nowhere_else | a name is required of members in `inbox`
CHAT-03 | tests/it/retention.rs::the_sweep_alone_leaves_no_row_no_key_and_no_edge_after_ninety_days_and_a_second | a conversation leaves no row, no key and no edge; transcripts.rs shows that a transcript ends with it, and day.rs that of what was mailed, answered by mail and noted nothing is left
CHAT-04 | tests/it/attachments/ends.rs::a_contact_that_is_erased_leaves_no_file | of an erased contact nothing is left in the bucket, no version and no copy that a link led to
CHAT-05 | tests/it/privacy_at_rest.rs::the_log_names_nobody_whatever_fails | no id of a person or of a thread is in any log line; retention.rs shows that no row holds that of an erased contact
CHAT-06 | tests/it/push/devices.rs::a_token_lies_sealed_and_one_that_its_provider_knows_no_more_is_removed | no part of a token is in any row in the open, and one that its provider answers 410 to is gone; the tests beside it show the same of who signed out and after 270 days
CHAT-07 | tests/it/availability.rs::who_is_there_and_who_has_a_conversation_is_the_present_and_no_history | of four states one row is kept, and who had a conversation is told by its own thread alone and ends with it
CHAT-08 | tests/it/tenancy.rs::another_tenants_ids_are_answered_like_ids_that_nobody_has | on every route a foreign id is answered like one that nobody has
CHAT-09 | tests/it/visitors.rs::of_addresses_only_the_path_and_the_host_are_kept | of a page only the path, of a referrer only the host is kept
CHAT-10 | tests/it/passwords/work.rs::an_unknown_address_costs_and_is_answered_what_a_known_one_is_wherever_one_is_asked_for | a link is mailed to a known address alone, and calls, units, runs of Argon2id and bytes are those of an unknown one
CHAT-11 | tests/it/notices.rs::every_notice_reaches_the_address_of_its_account_in_text_and_html_without_remote_content | every kind of notice reaches the account's address
CHAT-12 | tests/it/push.rs::a_device_is_told_by_ids_and_not_a_word_of_what_was_said | what a device reads is ids; a planted word is neither in it nor in any header
CHAT-13 | tests/it/limits.rs::no_count_tells_whom_it_is_about_and_none_outlives_its_hour | what is counted against abuse names nobody and is gone after its hour
CHAT-14 | tests/it/layers.rs::deployed_code_connects_to_aws_and_through_the_egress_door_and_in_no_other_way | no deployed code makes a connection but the clients of AWS and the egress door, whose closed list of recipients is rendered
CHAT-15 | tests/it/prohibitions.rs::no_purpose_and_no_recipient_is_advertising | the purposes of all fields and the recipients of the egress door are closed lists without advertising
CHAT-16 | tests/it/policy.rs::the_policy_names_every_service_of_the_templates_and_a_new_one_must_be_explained | the list of providers is that of the templates
CHAT-17 | tests/it/exports/disclosures.rs::what_is_handed_over_takes_two_people_and_is_no_more_than_was_named | two people decide on one of three grounds, and the notes of the team stay
CHAT-18 | tests/it/retention/idle.rs::what_nobody_touches_for_two_years_is_told_of_once_thirty_days_before_it_goes | after 24 months without a touch whoever answers for it is told, and it goes thirty days later
CHAT-19 | tests/it/owner_edits.rs::an_owner_corrects_and_removes_every_record_and_the_owner_of_another_workspace_none | contact, thread, message and member are corrected and removed by every route there is for it, and foreign ones are not there
CHAT-20 | tests/it/audit.rs::no_line_names_a_person_and_after_an_erasure_none_leads_to_one | after a deletion the audit log holds keyed hashes only, and its lines end after twelve months
CHAT-21 | tests/it/mail_in/visitors.rs::a_mail_from_a_visitors_address_asks_every_workspace_that_signed_for_it | a mail from an address that was signed for reaches who answers in each workspace once the address has said so; requests.rs shows the same from the widget, deadlines.rs that silence is escalated
CHAT-22 | tests/it/privacy/requests.rs::a_wish_says_what_it_needs_and_a_decision_what_it_has_to | a question is not over before it is answered in words
CHAT-23 | tests/it/news.rs::what_a_member_is_shown_comes_and_goes_with_the_conversation_that_it_tells_of | what a member is shown is read when the conversation is; with the conversation, with the member and after thirty days no row of it is left
CHAT-24 | tests/it/attachments/photos.rs::a_photo_is_made_anew_and_shown_to_colleagues_until_another_takes_its_place | when another photo takes its place nothing of the first is left in the bucket, no version and no copy that a link led to
";
